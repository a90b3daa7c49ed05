"""Brings a guest of a Proxmox cluster back that should run and does not: HA gave it up, or it was stopped.

Of a guest on a lost node nothing is done: HA fences the node and recovers it. See
docs/runbooks/recover-guest.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts.proxmox_ha import Service
from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.cluster import api, guests
from saitotui.tiers.cluster.view import View

ID = "recover-guest"
TITLE = "Bring a guest back"
ERROR = "error"
OFF = ("stopped", "disabled", "ignored")
"""States that HA may be asked for in which it does not run the guest (ha-manager(1))."""
START = 300.0
"""Seconds in which a guest must run: HA tries a node twice, then another one."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the guest as `snapshot` has it."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    guest = _guest(view, parameters.get("guest", ""))
    if isinstance(guest, str):
        return Refusal(ID, (guest,))
    name = guests.named(guest)
    return Plan(
        ID,
        TITLE,
        guest.name or guest.vmid,
        dict(parameters),
        f"guest {name} runs, on {guest.node} or where HA puts it"
        if guest.ha
        else f"guest {name} runs on {guest.node}",
        (_start(view, guest),),
        tuple(_preflight(view, guest)),
        (),
        ("cluster",),
    )


def _guest(view: View, wanted: str) -> GuestUse | str:
    """The guest to bring back: the one that is asked for, or the only one that is down."""
    down = [guest for guest in view.guests if _should_run(view, guest) and not _runs(guest)]
    if not wanted and len(down) != 1:
        names = ", ".join(map(guests.named, down))
        return (
            f"several guests are down, give guest=: {names}" if down else "every guest that should run does"
        )
    guest = next((one for one in view.guests if one.vmid == wanted), None) if wanted else down[0]
    if guest is None:
        return f"the cluster has no guest {wanted!r}"
    if view.gone(guest.node):
        return f"{guest.node} is lost: HA fences it and recovers guest {guests.named(guest)} by itself"
    if not view.sighted(guest.node):
        return f"nobody says how {guest.node} is, where guest {guests.named(guest)} is"
    if guest.ha == "freeze":
        return f"guest {guests.named(guest)} is frozen: {guest.node} restarts, or HA is disarmed (arm-ha)"
    if _runs(guest):
        return f"guest {guests.named(guest)} runs on {guest.node}"
    return guest


def _runs(guest: GuestUse) -> bool:
    return guest.status == "running" and guest.ha != ERROR


def _should_run(view: View, guest: GuestUse) -> bool:
    """The profile names it, or HA is asked to run it."""
    resource = (view.ha_resources or {}).get(guest.sid)
    asked = resource is not None and resource.state not in OFF
    return guest.vmid in view.cluster.guests or asked or guest.ha == ERROR


def _preflight(view: View, guest: GuestUse) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum nothing can be started", decisive=True)
    yield Precondition(api.online(guest.node), "it could start nothing", decisive=True)
    why = "two copies of a guest destroy its data"
    yield Precondition(guests.off(guest), why, decisive=True)
    why = "a backup, a snapshot or a move holds it, or was cut off: wait for its end, or find out"
    yield Precondition(guests.unlocked(guest), why, decisive=True)
    yield Precondition(
        guests.room(guest, guest.node),
        "another guest there may be killed for memory",
        Grade.AMBER,
        Grade.AMBER,
    )
    if guest.ha:
        yield Precondition(api.led(), "HA would not start it", decisive=True)
        yield Precondition(api.obeys(guest.node), "it could start nothing")


def _start(view: View, guest: GuestUse) -> Stage:
    steps = _by_ha(guest) if guest.ha else _by_itself(guest)
    name = guests.named(guest)
    return Stage(
        "start",
        f"Guest {name} starts",
        tuple(steps),
        confirm=f"start {guest.vmid}",
        notice="what it serves is back",
    )


def _by_ha(guest: GuestUse) -> Iterator[Step]:
    """HA forgets an error only of a guest that it was told to leave off."""
    path = f"put /cluster/ha/resources/{guest.sid}"
    if guest.ha == ERROR:
        yield Step(
            f"HA forgets the error of {guest.sid}",
            (api.order(path, {"state": "disabled"}),),
            goal=_forgotten(guest),
            no_undo="an error is nothing to go back to",
            deadline=api.ROUNDS,
            expected=15.0,
        )
    yield Step(
        f"HA starts {guest.sid}",
        (api.order(path, {"state": "started"}),),
        goal=_started(guest),
        no_undo="its task log says why it does not start: `pvenode task list --vmid`",
        deadline=START,
        expected=30.0,
    )


def _by_itself(guest: GuestUse) -> Iterator[Step]:
    yield Step(
        f"{guest.node} starts guest {guest.vmid}",
        (api.order(f"post /nodes/{guest.node}/{guest.kind}/{guest.vmid}/status/start"),),
        goal=_running(guest),
        no_undo="its task log says why it does not start: `pvenode task list --vmid`",
        deadline=START,
        expected=20.0,
    )


def _forgotten(guest: GuestUse) -> Check:
    return api.by_service(
        guest.sid,
        f"{guest.sid} is in no error any more",
        lambda service: Verdict(service.crm_state != ERROR, service.state),
    )


def _started(guest: GuestUse) -> Check:
    """HA's own word comes after its agent has seen the guest run: `starting` before that."""

    def judge(service: Service) -> Verdict:
        started = service.state == "started" and service.request == "started"
        return Verdict(started, f"{service.state} on {service.node}")

    return api.by_service(guest.sid, f"HA has {guest.sid} as started", judge)


def _running(guest: GuestUse) -> Check:
    return api.by_guest(
        guest.vmid,
        f"guest {guest.vmid} runs",
        lambda use: Verdict(use.status == "running", f"{use.status} on {use.node}"),
    )


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "A guest that HA gave up, or that is stopped and should run, is started where that is safe.",
    plan,
    (Parameter("guest", "its number; without it the only one that is down"),),
)
