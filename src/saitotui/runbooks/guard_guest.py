"""Gives guests to HA, or tells it the state that the profile wants them in.

See docs/runbooks/guard-guest.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.plan import Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.cluster import api, guests, managed
from saitotui.tiers.cluster.view import View

ID = "guard-guest"
TITLE = "Give guests to HA"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the guests as `snapshot` has them."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    chosen = _chosen(view, parameters.get("guest", ""))
    if isinstance(chosen, str):
        return Refusal(ID, (chosen,))
    names = ", ".join(map(guests.named, chosen))
    return Plan(
        ID,
        TITLE,
        " ".join(guest.vmid for guest in chosen),
        dict(parameters),
        f"HA holds {names} as the profile says",
        tuple(_tell(view, guest) for guest in chosen),
        tuple(_preflight(view, chosen)),
        (),
        ("cluster",),
    )


def _chosen(view: View, wanted: str) -> tuple[GuestUse, ...] | str:
    """The guests that HA is told something else of than the profile says; or why there is none."""
    if view.ha_resources is None:
        return "the Proxmox API does not tell what HA manages"
    known = view.cluster.guests
    if wanted and (wanted not in known or not known[wanted].ha):
        return f"the profile does not say how HA shall hold guest {wanted!r}: cluster.guests, `ha`"
    told = {guest.vmid: guest for guest in view.guests if guest.vmid in known and known[guest.vmid].ha}
    if wanted and wanted not in told:
        return f"the cluster has no guest {wanted}"
    differ = [guest for guest in told.values() if _told(view, guest) != known[guest.vmid].ha]
    found = tuple(guest for guest in differ if wanted in ("", guest.vmid))
    return found or "HA holds every guest as the profile says"


def _told(view: View, guest: GuestUse) -> str:
    """What HA is told now; '' when it does not manage the guest."""
    found = (view.ha_resources or {}).get(guest.sid)
    return "" if found is None else found.wanted


def _preflight(view: View, chosen: tuple[GuestUse, ...]) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum nothing can be told", decisive=True)
    for guest in chosen:
        why = "somebody told HA something else meanwhile"
        yield Precondition(managed.held(guest.sid, _told(view, guest)), why, decisive=True)
        why = "a backup, a snapshot or a move holds it: wait for its end"
        yield Precondition(guests.unlocked(guest), why, decisive=True)


def _tell(view: View, guest: GuestUse) -> Stage:
    before, wanted = _told(view, guest), view.cluster.guests[guest.vmid].ha
    runs, name = guest.status == "running", guests.named(guest)
    step = Step(
        f"HA is told to hold guest {name} {wanted}",
        (managed.tell(guest.sid, wanted, before),),
        goal=managed.held(guest.sid, wanted),
        undo=(managed.tell(guest.sid, before, wanted),),
        undone=managed.held(guest.sid, before),
        expected=1.0,
    )
    if wanted == "started":
        notice = "nothing: it runs, and is started again from now on" if runs else "HA starts it"
    elif wanted == "ignored":
        notice = "nothing: HA leaves it alone"
    else:
        notice = "what it serves stops: HA shuts it down" if runs else "nothing: it is off"
    return Stage(
        f"tell {guest.vmid}",
        f"HA holds guest {name} {wanted}",
        (step,),
        confirm=f"stop {guest.vmid}" if runs and wanted in ("stopped", "disabled") else "y",
        notice=notice,
    )


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "HA is told to hold guests in the state that the profile says (cluster.guests, `ha`).",
    plan,
    (Parameter("guest", "its number; without it every one that differs"),),
)
