"""Kills a node of the Proxmox cluster, as a drill: HA recovers its guests, and it comes back by itself.

See docs/runbooks/drill-pve-node.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.clients.quoting import shell
from saitotui.facts import proxmox_resources
from saitotui.facts.proxmox_resources import GuestUse
from saitotui.model.command import Answer
from saitotui.model.plan import (
    Act,
    Capture,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)  # fmt: skip
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks import killing
from saitotui.runbooks.cluster import api, guests, trial
from saitotui.runbooks.judging import reading, value_name
from saitotui.runbooks.rented import Rented
from saitotui.tiers.cluster.forecast import Event, moves
from saitotui.tiers.cluster.view import View

ID = "drill-pve-node"
TITLE = "Drill: a cluster node dies"
RECOVERED = 480.0
"""Seconds in which HA must have fenced the node and started its guests, or the node is back with them."""
SERVED = 120.0


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the cluster as `snapshot` has it."""
    view = api.seen(profile, snapshot)
    if isinstance(view, str):
        return Refusal(ID, (view,))
    name = parameters["node"]
    if trouble := _unfit(view, name):
        return Refusal(ID, trouble)
    host = view.nodes[name].host
    if why := killing.hindered(profile, snapshot, host):
        return Refusal(ID, (why,))
    machine = killing.power(profile, snapshot, host, parameters.get("by", "") or killing.CRASH)
    made = trial.trial(view, name, parameters["trial"]) if parameters.get("trial") else None
    if isinstance(machine, str) or isinstance(made, str):
        return Refusal(ID, tuple(one for one in (machine, made) if isinstance(one, str)))
    running = [guest for guest in view.guests if guest.node == name and guest.status == "running"]
    here = {guest.vmid: guests.named(guest) for guest in running}
    if made is not None:
        here[made.vmid] = f"{made.vmid} ({trial.NAME})"
    numbers = ", ".join(here.values()) or "no guest"
    return Plan(
        ID,
        TITLE,
        name,
        dict(parameters),
        f"{name} dies with {numbers}; HA recovers what ran there, and {name} comes back",
        (*killing.meant(machine), *_stages(profile, view, name, here, made, machine)),
        tuple(_preflight(profile, view, name, running, here)),
        (),
        ("cluster",),
        (host,),
    )


def _unfit(view: View, name: str) -> tuple[str, ...]:
    """Why the node may not die."""
    node = view.nodes.get(name)
    if node is None or not node.host:
        return (f"the profile has no node {name!r}",)
    if gone := [one.name for one in view.nodes.values() if not one.online]:
        return (f"{', '.join(gone)} is not in the cluster: one is missing already",)
    if view.rules is None:
        return ("nobody tells the placement rules: where its guests would go is a guess",)
    return tuple(
        f"guest {guests.named(move.guest)} would stay down: {move.why}" if not move.target
        else f"{move.target} has no memory for guest {guests.named(move.guest)}"
        for move in moves(view, name, Event.LOSS)
        if not move.target or move.lacks
    )  # fmt: skip


def _preflight(
    profile: Profile, view: View, name: str, running: Sequence[GuestUse], here: Mapping[str, str]
) -> Iterator[Precondition]:
    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    yield red(api.nobody_offline(), "a second one would take quorum along")
    yield red(api.quorate_without(name), "the others would reset themselves")
    yield red(api.led(), "HA would recover nothing")
    for other in view.nodes:
        if other != name:
            yield red(api.obeys(other), "it could start nothing")
    for guest in running:
        why = "a backup or a move of it would be cut off in the middle"
        yield Precondition(guests.unlocked(guest), why, decisive=True)
    yield from killing.works_before(profile)
    if not here:
        why = "it only proves that the cluster goes on without it, and that it comes back"
        yield Precondition(_carries(name), why, Grade.AMBER, Grade.AMBER)


def _carries(name: str) -> Check:
    def judge(found: proxmox_resources.Resources) -> Verdict:
        here = [guest.vmid for guest in found.guests if guest.node == name and guest.status == "running"]
        return Verdict(bool(here), ", ".join(here) or "no guest")

    return api.by_resources(f"{name} has guests for HA to recover", judge)


def _stages(
    profile: Profile,
    view: View,
    name: str,
    here: Mapping[str, str],
    made: trial.Trial | None,
    machine: Rented | None,
) -> Iterator[Stage]:
    if made is not None:
        title = f"Make guest {made.vmid} for HA to recover"
        yield Stage("trial", title, trial.made(made), confirm="y", notice="nothing", once=True)
    yield _kill(profile, view, name, here, machine)
    yield _back(view, name, machine)
    if made is not None:
        title = f"Take guest {made.vmid} away"
        yield Stage("tidy", title, trial.removed(made), notice="nothing")


def _kill(profile: Profile, view: View, name: str, here: Mapping[str, str], machine: Rented | None) -> Stage:
    body = [_reads(vmid, here[vmid]) for vmid in here]
    body += killing.dies(view.nodes[name].host, api.quorate_without(name), api.led(), machine=machine)
    for number, (vmid, guest) in enumerate(here.items()):
        # HA starts them together.
        expected = 2.0 if number else 180.0
        body.append(killing.comes(_anew(vmid), f"guest {guest} runs again", RECOVERED, expected))
    body += killing.works_on(profile, SERVED)
    return Stage(
        "kill",
        f"{name} dies, and HA recovers its guests",
        tuple(body),
        confirm=killing.word(name, machine),
        notice="what its guests serve goes on elsewhere; they are back after 2 to 3 minutes",
        point_of_no_return=True,
    )


def _since(answer: Answer, vmid: str) -> tuple[str, float | None, str]:
    """Where a guest is, for how many seconds it has run (None: it does not run), and how it is said to be."""
    use = proxmox_resources.resources(answer).guest(vmid)
    if use is None:
        return "", None, "the cluster does not name it"
    return use.node, use.uptime if use.status == "running" else None, f"{use.status} on {use.node}"


def _reads(vmid: str, guest: str) -> Step:
    def since(answer: Answer) -> str:
        node, seconds, said = _since(answer, vmid)
        if seconds is None:
            raise ValueError(f"guest {vmid} is {said}")
        return shell(f"{node}/{seconds:.0f}")

    act = Act(api.asked("/cluster/resources"), capture=Capture(value_name("since", vmid), since))
    return Step(f"read since when guest {guest} runs", (act,), expected=0.1)


def _anew(vmid: str) -> Check:
    """Whether it was started since: what is said of a node that has just died is as of before."""

    def judge(answer: Answer) -> Verdict:
        node, seconds, said = _since(answer, vmid)
        if seconds is None:
            return Verdict(False, said)
        before, _, ran = answer.against.rpartition("/")
        anew = node != before or seconds < float(ran)
        return Verdict(anew, f"{said} for {seconds:.0f} s" if anew else f"{said}, as of before")

    return Check(
        f"guest {vmid} was started again, and runs",
        api.asked("/cluster/resources"),
        reading(judge),
        api.DEADLINE,
        against=value_name("since", vmid),
        pause=1.0,
    )


def _back(view: View, name: str, machine: Rented | None) -> Stage:
    online, obeys = api.online(name), api.obeys(name)
    body = [
        killing.returns(view.nodes[name].host, machine),
        killing.comes(online, online.sentence, 120.0, 10.0),
        killing.comes(obeys, obeys.sentence, 180.0, 20.0),
    ]
    return Stage("back", f"{name} comes back", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "cluster",
    TITLE,
    "A cluster node is killed: HA recovers its guests elsewhere, and it is measured how soon.",
    plan,
    (
        Parameter("node", "the node", required=True),
        killing.BY,
        Parameter("trial", "a free number: a guest without a disk is made, for HA to recover, and destroyed"),
    ),
)
