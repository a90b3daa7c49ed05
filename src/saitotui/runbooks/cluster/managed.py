"""What HA is told of a guest: whether it manages it, and in which state it holds it."""

from __future__ import annotations

from saitotui.facts import proxmox_ha
from saitotui.model.command import Answer
from saitotui.model.plan import Act, Check, Verdict
from saitotui.runbooks.cluster import api
from saitotui.runbooks.judging import reading

RESOURCES = "/cluster/ha/resources"


def held(sid: str, state: str) -> Check:
    """Whether HA is told to hold a guest in a state; '': whether it does not manage it."""

    def judge(answer: Answer) -> Verdict:
        found = next((one for one in proxmox_ha.ha_resources(answer) if one.sid == sid), None)
        told = "" if found is None else found.wanted
        return Verdict(told == state, f"it is told {told}" if told else "HA does not manage it")

    sentence = f"HA is told to hold {sid} {state}" if state else f"HA does not manage {sid}"
    return Check(sentence, api.asked(RESOURCES), reading(judge), api.DEADLINE)


def tell(sid: str, state: str, before: str) -> Act:
    """The order to hold it in `state` instead of `before`; '' is not to manage it."""
    if not state:
        return api.order(f"delete {RESOURCES}/{sid}")
    if not before:
        return api.order(f"post {RESOURCES}", {"sid": sid, "state": state})
    return api.order(f"put {RESOURCES}/{sid}", {"state": state})
