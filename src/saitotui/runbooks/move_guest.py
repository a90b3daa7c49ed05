"""Moves a guest of a Proxmox cluster to another node while it runs. See docs/runbooks/move-guest.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts.proxmox_ha import Service
from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.cluster import api, guests
from saitotui.tiers.cluster.forecast import forbids
from saitotui.tiers.cluster.view import View

ID = "move-guest"
TITLE = "Move a guest to another node"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the guest and the node that the parameters name."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    guest, target = guests.numbered(view, parameters.get("guest", "")), parameters.get("to", "")
    if isinstance(guest, str):
        return Refusal(ID, (guest,))
    if trouble := _trouble(view, guest, target):
        return Refusal(ID, (trouble,))
    name = guests.named(guest)
    return Plan(
        ID,
        TITLE,
        guest.name or guest.vmid,
        dict(parameters),
        f"guest {name} runs on {target} instead of {guest.node}",
        (_move(guest, target),),
        tuple(_preflight(view, guest, target)),
        (),
        ("cluster",),
    )


def _trouble(view: View, guest: GuestUse, target: str) -> str:
    name, node = guests.named(guest), view.nodes.get(target)
    others = ", ".join(one.name for one in view.nodes.values() if one.online and one.name != guest.node)
    if node is None:
        return f"the cluster has no node {target!r}: give to=, one of {others}"
    if target == guest.node:
        return f"guest {name} is on {target}"
    if node.online is not True or node.maintenance:
        return f"{target} is {'in maintenance' if node.maintenance else 'not online'}: it takes no guests"
    if not view.sighted(guest.node):
        return f"nobody says how {guest.node} is, where guest {name} is"
    if guest.status != "running":
        return f"guest {name} does not run: recover-guest starts it"
    rule = forbids(view, guest.sid, target) if guest.ha else None
    if rule is not None:
        what = f"what runs on {target}" if rule.apart else target
        return f"the HA rule {rule.name} keeps guest {name} away from {what}"
    return ""


def _preflight(view: View, guest: GuestUse, target: str) -> Iterator[Precondition]:
    yield Precondition(api.quorate(view.cluster), "without quorum nothing can be moved", decisive=True)
    yield Precondition(api.online(target), "it could run nothing", decisive=True)
    yield Precondition(guests.unlocked(guest), "it cannot move before that is over", decisive=True)
    yield Precondition(guests.runs_on(guest, guest.node), "it is not where it was", decisive=True)
    why = "a guest there may be killed for memory"
    yield Precondition(guests.room(guest, target), why, Grade.AMBER, Grade.AMBER)
    if guest.ha:
        yield Precondition(api.led(), "HA would not move it", decisive=True)
        yield Precondition(api.obeys(guest.node), "it could give no guest away")
        yield Precondition(api.obeys(target), "it could run no guest of HA")


def _move(guest: GuestUse, target: str) -> Stage:
    name = guests.named(guest)
    path = f"post /cluster/ha/resources/{guest.sid}/migrate"
    order = api.order(path, {"node": target}) if guest.ha else guests.migrates(guest, target)
    steps = [
        Step(
            f"guest {name} moves to {target}",
            (order,),
            goal=guests.runs_on(guest, target),
            no_undo=f"it runs there as well as here: -p to={guest.node} brings it back",
            deadline=api.PATIENCE,
            expected=60.0,
            parks=True,
        )
    ]
    if guest.ha:
        steps.append(
            Step(f"HA has {guest.sid} on {target}", (), goal=_known(guest, target), deadline=api.ROUNDS)
        )
    restarts = guest.kind == "lxc" and not guest.ha
    notice = "it is started anew there" if restarts else f"it {guests.STANDS_STILL}"
    return Stage("move", f"Guest {name} moves", tuple(steps), confirm=f"move {guest.vmid}", notice=notice)


def _known(guest: GuestUse, target: str) -> Check:
    def judge(service: Service) -> Verdict:
        there = service.node == target and service.state == "started"
        return Verdict(there, f"{service.state} on {service.node}")

    return api.by_service(guest.sid, f"HA has {guest.sid} as started on {target}", judge)


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "It moves while it runs; HA's own word proves that it has arrived.",
    plan,
    (
        Parameter("guest", "its number", required=True),
        Parameter("to", "the node that is to run it", required=True),
    ),
)
