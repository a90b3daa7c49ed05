"""Restarts a guest of a Proxmox cluster: shut down in good order, started again, and it answers.

See docs/runbooks/restart-guest.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.plan import Act, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.booting import booted
from saitotui.runbooks.cluster import api, guests
from saitotui.runbooks.database.pair import view_of
from saitotui.tiers.cluster.view import View

ID = "restart-guest"
TITLE = "Restart a guest"
STOP, START = 240.0, 300.0
"""Seconds in which it must have shut down (then HA forces it), and must run again."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the guest that the parameters name."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    guest = guests.numbered(view, parameters.get("guest", ""))
    if isinstance(guest, str):
        return Refusal(ID, (guest,))
    known = view.cluster.guests.get(guest.vmid)
    host = known.host if known else ""
    if trouble := _trouble(view, guest) or _needed(profile, snapshot, host):
        return Refusal(ID, (trouble,))
    name = guests.named(guest)
    return Plan(
        ID,
        TITLE,
        guest.name or guest.vmid,
        dict(parameters),
        f"guest {name} is shut down and started again on {guest.node}",
        (_restart(guest, host),),
        tuple(_preflight(view, guest)),
        (),
        ("cluster",),
    )


def _trouble(view: View, guest: GuestUse) -> str:
    name = guests.named(guest)
    if not view.sighted(guest.node):
        return f"nobody says how {guest.node} is, where guest {name} is"
    if guest.status != "running" or guest.ha == "error":
        return f"guest {name} does not run as it should: recover-guest starts it"
    if guest.ha == "freeze":
        return f"guest {name} is frozen: {guest.node} restarts, or HA is disarmed (arm-ha)"
    return ""


def _needed(profile: Profile, snapshot: Snapshot, host: str) -> str:
    """Why what runs in it must go elsewhere first: a runbook does that without the users' notice."""
    database = view_of(profile, snapshot)
    for name, server in database.servers.items() if database and host else ():
        if server.profile.host != host:
            continue
        if server.variables is None:
            return f"nobody says whether {name} takes writes, which runs in it"
        if not server.variables.read_only:
            return f"{name} takes the writes: swap-db-master first"
    return ""


def _preflight(view: View, guest: GuestUse) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum nothing can be started", decisive=True)
    yield Precondition(guests.unlocked(guest), "a backup, a snapshot or a move would break", decisive=True)
    yield Precondition(guests.runs_on(guest, guest.node), "it is not where it was", decisive=True)
    if guest.ha:
        yield Precondition(api.led(), "HA would not start it again", decisive=True)
        yield Precondition(api.obeys(guest.node), "it could neither stop nor start it")


def _order(guest: GuestUse, verb: str) -> Act:
    """Of a guest that HA looks after, HA is asked to do it (PVE::API2::Qemu, `vm_shutdown`, `vm_start`)."""
    return api.order(f"post /nodes/{guest.node}/{guest.kind}/{guest.vmid}/status/{verb}")


def _restart(guest: GuestUse, host: str) -> Stage:
    name = guests.named(guest)
    runs = guests.runs_on(guest, guest.node)
    steps = [
        Step(
            f"guest {name} shuts down",
            (_order(guest, "shutdown"),),
            goal=guests.off(guest),
            undo=(_order(guest, "start"),),
            undone=runs,
            deadline=STOP,
            expected=30.0,
        ),
        Step(
            f"guest {name} starts",
            (_order(guest, "start"),),
            goal=runs,
            no_undo="it is what it was",
            deadline=START,
            expected=20.0,
            parks=True,
        ),
    ]
    if host:
        goal = booted(host)
        steps.append(Step(f"{host} answers", (), goal=goal, deadline=START, expected=30.0, parks=True))
    down = f"what runs on {host} is down" if host else "it is down"
    return Stage(
        "restart",
        f"Guest {name} restarts",
        tuple(steps),
        confirm=f"restart {guest.vmid}",
        notice=f"{down} until it has booted; `what-if {guest.vmid}` says what stops",
    )


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "It is shut down in good order and started again; the host in it answers. A database master is refused.",
    plan,
    (Parameter("guest", "its number", required=True),),
)
