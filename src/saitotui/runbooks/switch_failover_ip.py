"""Routes a failover address of Hetzner's Robot to another rented machine.

Robot's webservice, https://robot.hetzner.com/doc/webservice: `POST /failover/IP` with `active_server_ip`,
`DELETE /failover/IP`; the request takes as long as the switch, 40 to 60 s. See
docs/runbooks/switch-failover-ip.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saitotui.facts import nfs, robot
from saitotui.facts.robot import Failover, Server
from saitotui.model.command import Answer, Client, Command, Danger
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
from saitotui.model.profile import JourneyCheck, Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application.journeys import journeys_after, journeys_before, journeys_of
from saitotui.runbooks.judging import reading
from saitotui.runbooks.rented import ask
from saitotui.tiers.hardware import HardwareTier

ID = "switch-failover-ip"
TITLE = "Switch a failover address"
SWITCH = 120.0
ASK = 10.0
PAUSE = 5.0
"""Seconds between two questions: Robot answers 100 of them an hour."""


@dataclass(frozen=True, slots=True)
class _Switch:
    """`address` leads to `old`, the address of the host `was` ('': nowhere), and shall lead to `new`."""

    address: str
    old: str
    was: str
    new: Server
    host: str
    journeys: Sequence[JourneyCheck]


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the address as `snapshot` has it."""
    found = _found(profile, snapshot, parameters)
    if isinstance(found, str):
        return Refusal(ID, (found,))
    return Plan(
        ID,
        TITLE,
        found.address,
        dict(parameters),
        f"{found.address} leads to {found.host} instead of {found.was or 'nowhere'}",
        (_route(found), _prove(found)),
        tuple(_preflight(found)),
        (),
        ("hardware",),
        tuple(host for host in (found.was,) if host in profile.hosts),
    )


def _found(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> _Switch | str:
    hardware = profile.hardware
    if hardware is None or not hardware.failover_ips:
        return "the profile has no failover addresses (hardware.failover_ips)"
    tier = HardwareTier(profile, hardware)
    servers, failovers = snapshot.get(tier.servers), snapshot.get(tier.failovers)
    if servers is None or failovers is None:
        return "Robot does not say where the addresses lead"
    hosts = {one.address: hardware.servers[one.number] for one in servers if one.number in hardware.servers}
    address = parameters.get("address", "") or _wrong(failovers, hosts, hardware.failover_ips)
    known = next((one for one in failovers if one.address == address), None)
    if address not in hardware.failover_ips or known is None:
        several = "give address=, it is one of " + ", ".join(hardware.failover_ips)
        return f"Robot and the profile have no failover address {address}" if address else several
    host = parameters.get("to", "") or hardware.failover_ips[address]
    new = next((one for one in servers if hardware.servers.get(one.number) == host), None)
    if new is None or not new.address:
        return f"Robot has no server that the profile calls {host!r} (hardware.servers)"
    if known.active == new.address:
        return f"{address} leads to {host} already"
    journeys = journeys_of(profile)
    return _Switch(address, known.active, hosts.get(known.active, known.active), new, host, journeys)


def _wrong(failovers: Sequence[Failover], hosts: Mapping[str, str], expected: Mapping[str, str]) -> str:
    """The only address that does not lead where the profile expects it; '' when there is not just one."""
    wrong = [
        one.address
        for one in failovers
        if one.address in expected and hosts.get(one.active) != expected[one.address]
    ]
    candidates = wrong or list(expected)
    return candidates[0] if len(candidates) == 1 else ""


def _preflight(found: _Switch) -> Iterator[Precondition]:
    was = found.was or "nowhere"
    why = "somebody else switches it: look where it should lead"
    yield Precondition(_leads(found, found.old, was), why, decisive=True)
    yield Precondition(_meant(found), "the address would lead to another machine", decisive=True)
    why = "packets would arrive there and be dropped, unless it routes them on"
    yield Precondition(_takes(found), why, Grade.AMBER, Grade.AMBER)
    yield from journeys_before(found.journeys, "what the switch did to it")


def _leads(found: _Switch, target: str, name: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        active = robot.failover(answer).active
        return Verdict(active == target, f"leads to {active or 'nowhere'}")

    command = ask(f"/failover/{found.address}")
    return Check(f"{found.address} leads to {name}", command, reading(judge), ASK, pause=PAUSE)


def _meant(found: _Switch) -> Check:
    """What Robot calls the machine is shown."""

    def judge(answer: Answer) -> Verdict:
        one = robot.server(answer)
        said = f"{one.name or 'no name'}, {one.product}, {one.datacenter}, {one.status}"
        right = one.address == found.new.address and one.status == "ready" and not one.cancelled
        return Verdict(right, said)

    sentence = f"Robot's server {found.new.number} is {found.host}, and ready"
    return Check(sentence, ask(f"/server/{found.new.number}"), reading(judge), ASK)


def _takes(found: _Switch) -> Check:
    def judge(answer: Answer) -> Verdict:
        held = any(one.address == found.address for one in nfs.addresses(answer))
        return Verdict(held, "it has it" if held else "no interface has it")

    command = Command(Client.SSH, found.host, nfs.ADDRESSES)
    return Check(f"{found.host} has {found.address} on an interface", command, reading(judge))


def _route(found: _Switch) -> Stage:
    was = found.was or "nowhere"
    step = Step(
        f"{found.address} leads to {found.host}",
        (Act(_switch(found, found.new.address)),),
        goal=_leads(found, found.new.address, found.host),
        requires=(_leads(found, found.old, was),),
        undo=(Act(_switch(found, found.old)),),
        undone=_leads(found, found.old, was),
        deadline=SWITCH,
        expected=50.0,
    )
    return Stage(
        "route",
        f"Robot routes {found.address} to {found.host}",
        (step,),
        confirm=f"route {found.address} to {found.host}",
        notice=f"what {was} had open with users ends; they reach {found.host} after about a minute",
    )


def _prove(found: _Switch) -> Stage:
    leads = _leads(found, found.new.address, found.host)
    body = [Step(f"{found.address} leads to {found.host}", (), goal=leads)]
    body += journeys_after(found.journeys)
    return Stage("prove", "Prove it from the users' side", tuple(body), notice="nothing")


def _switch(found: _Switch, target: str) -> Command:
    path = f"/failover/{found.address}"
    if not target:
        return Command(Client.ROBOT, "robot", f"DELETE {path}", danger=Danger.DISRUPTIVE)
    body = json.dumps({"active_server_ip": target})
    return Command(Client.ROBOT, "robot", f"POST {path}", body, danger=Danger.DISRUPTIVE)


RUNBOOK = Runbook(
    ID,
    "hardware",
    TITLE,
    "A failover address leads to another rented machine; users are there after about a minute.",
    plan,
    (
        Parameter("address", "the failover address; without it the one that leads elsewhere than expected"),
        Parameter("to", "the host that it shall lead to; without it the one that the profile expects"),
    ),
)
