"""Arms the HA stack of a Proxmox cluster again, or disarms it for work on its network.

While it is disarmed no node is fenced and no guest is recovered, started or moved. See
docs/runbooks/arm-ha.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts.proxmox_ha import HaStatus
from saitotui.model.command import Danger
from saitotui.model.plan import (
    Act,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.cluster import api
from saitotui.tiers.cluster.view import View

ID = "arm-ha"
TITLE = "Arm HA"
MODES = ("freeze", "ignore")
"""What becomes of HA's resources meanwhile (ha-manager(1), `disarm-ha`)."""
ARMED = ("armed", "standby")
"""`standby`: armed, and nothing that HA would look after."""
MOVING = ("migrate", "relocate", "fence", "recovery", "request_stop", "request_start")


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan to arm HA, or with `disarm` to disarm it."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    mode = parameters.get("disarm", "")
    if trouble := _trouble(view, mode):
        return Refusal(ID, (trouble,))
    if mode:
        kept = (
            "guests run on as they are" if mode == "freeze" else "guests may be started and stopped by hand"
        )
        summary = f"no node is fenced and no guest recovered until HA is armed again; {kept}"
        title, stage, conditions = "Disarm HA", _disarm(mode), _before_disarm(view)
    else:
        summary = "lost nodes are fenced and their guests recovered again"
        title, stage, conditions = TITLE, _arm(), _before_arm(view)
    return Plan(
        ID, title, "cluster", dict(parameters), summary, (stage,), tuple(conditions), (), ("cluster",)
    )


def _trouble(view: View, mode: str) -> str:
    armed = view.ha.armed if view.ha is not None else ""
    if mode and mode not in MODES:
        return f"disarm is {mode!r}: give {' or '.join(MODES)}"
    if not armed:
        return "this Proxmox VE does not say whether HA is armed: 9.2 and newer can disarm it"
    if not mode and armed in ARMED:
        return "HA is armed"
    if mode and armed not in ARMED:
        return f"HA is {armed} already"
    return ""


def _before_disarm(view: View) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum it takes no orders", decisive=True)
    yield Precondition(
        api.nobody_offline(), "the guests of a lost node would stay down: let HA recover them first"
    )
    yield Precondition(_nothing_moves(), "it would be stopped half-way", Grade.AMBER, Grade.AMBER)


def _before_arm(view: View) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum it takes no orders", decisive=True)
    why = "nodes that are away are fenced from now on; their guests may stay frozen until they are back"
    yield Precondition(api.nobody_offline(), why, Grade.AMBER, Grade.AMBER)


def _nothing_moves() -> Check:
    def judge(found: HaStatus) -> Verdict:
        moving = [f"{one.sid} {one.state}" for one in found.services if one.crm_state in MOVING]
        return Verdict(not moving, ", ".join(moving) or "nothing")

    return api.by_ha("HA moves, starts and stops nothing", judge)


def _disarm(mode: str) -> Stage:
    step = Step(
        "HA lets its watchdogs go",
        (api.order("post /cluster/ha/status/disarm-ha", {"resource-mode": mode}),),
        goal=_is("disarmed", ("disarmed",)),
        undo=(_arms(),),
        undone=_is("armed", ARMED),
        deadline=2 * api.ROUNDS,
        expected=30.0,
    )
    notice = "nothing; but a node that is lost now takes its guests with it"
    return Stage("disarm", "HA is disarmed", (step,), confirm="disarm HA", notice=notice)


def _arm() -> Stage:
    armed = Step(
        "HA is armed",
        (_arms(),),
        goal=_is("armed", ARMED),
        no_undo="disarmed, it would protect nothing",
        deadline=2 * api.ROUNDS,
        expected=15.0,
    )
    thawed = Step(
        "no guest is frozen any more", (), goal=_thawed(), deadline=2 * api.ROUNDS, expected=20.0, parks=True
    )
    return Stage("arm", "HA is armed", (armed, thawed), confirm="arm HA", notice="nothing")


def _arms() -> Act:
    return api.order("post /cluster/ha/status/arm-ha", danger=Danger.REVERSIBLE)


def _is(word: str, wanted: tuple[str, ...]) -> Check:
    def judge(found: HaStatus) -> Verdict:
        return Verdict(found.armed in wanted, found.armed or "it does not say")

    return api.by_ha(f"HA is {word}", judge)


def _thawed() -> Check:
    def judge(found: HaStatus) -> Verdict:
        frozen = [f"{one.sid} on {one.node}" for one in found.services if one.crm_state == "freeze"]
        return Verdict(not frozen, ", ".join(frozen) or "none")

    return api.by_ha("HA looks after every guest", judge)


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "Lost nodes are fenced and their guests recovered again; `disarm` stops that for work on the network.",
    plan,
    (Parameter("disarm", "`freeze` (guests run on as they are) or `ignore`: HA is disarmed instead"),),
)
