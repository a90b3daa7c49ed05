"""The hardware tier: rented machines, whether they can be reset from afar, where failover addresses point.

Robot allows few requests an hour (see `facts.robot`), so it is asked rarely; an answer is fresh for long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.facts import robot
from saitotui.facts.robot import Failover, ResetOptions, Server
from saitotui.model.command import Client, Command, Failure, FailureKind, Question
from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health, worst
from saitotui.model.profile import Hardware, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import one_line
from saitotui.model.tier import Tier, TierKind
from saitotui.model.topology import Cell, Edge, Fact, Node, Row, Table, TierPicture

API_UNREACHABLE = Situation(
    "hardware.api-unreachable",
    Health.UNKNOWN,
    "Robot does not answer",
    "Nothing can be said of the rented machines, and none can be reset from here.",
    "Try Robot's web page; the machines themselves are not affected.",
)
API_DENIED = Situation(
    "hardware.api-denied",
    Health.UNKNOWN,
    "Robot refuses this console",
    "Wrong webservice user or password. After three wrong logins Robot blocks this address for ten minutes.",
    "Check the webservice user in Robot under Settings, and the reference in the profile.",
)
RATE_LIMITED = Situation(
    "hardware.rate-limited",
    Health.WARN,
    "Robot's request limit is used up",
    "Robot answers nothing more for up to an hour: no reset and no failover switch from here either.",
    "Find out what else uses this webservice user; use Robot's web page meanwhile.",
)
FAILOVER_ELSEWHERE = Situation(
    "hardware.failover-ip-elsewhere",
    Health.CRIT,
    "A failover address points to another machine than expected",
    "Traffic to it goes to a machine that the profile does not expect to serve it.",
    "If the service moved on purpose, correct the profile; else switch the address back.",
    ("switch-failover-ip",),
)
FAILOVER_NOWHERE = Situation(
    "hardware.failover-ip-unrouted",
    Health.CRIT,
    "A failover address is routed nowhere",
    "Robot deleted its routing: nobody receives its traffic.",
    "Switch it to the machine that serves it now.",
    ("switch-failover-ip",),
)
FAILOVER_MISSING = Situation(
    "hardware.failover-ip-missing",
    Health.WARN,
    "The account does not have a failover address of the profile",
    "Robot does not list it: cancelled, or of another account.",
    "Correct the profile, or order it.",
)
SERVER_CANCELLED = Situation(
    "hardware.server-cancelled",
    Health.WARN,
    "A machine is cancelled",
    "It is switched off and erased at the end of its term.",
    "Withdraw the cancellation in Robot, or move everything off it.",
)
SERVER_MISSING = Situation(
    "hardware.server-missing",
    Health.WARN,
    "The account does not have a machine of the profile",
    "Robot does not list its number: it cannot be reset from here.",
    "Correct the number in the profile.",
)
STATUS_NOT_READY = Situation(
    "hardware.status-not-ready",
    Health.WARN,
    "A machine is not ready",
    "Robot is setting it up or working on it.",
    "See the machine in Robot.",
)
NO_RESET = Situation(
    "hardware.no-reset",
    Health.WARN,
    "A machine cannot be reset from afar",
    "Robot offers no hardware reset for it: when it hangs, only a technician can fence it.",
    "Order a reset module, or plan for another way to fence it.",
)
SITUATIONS = (
    API_UNREACHABLE,
    API_DENIED,
    RATE_LIMITED,
    FAILOVER_ELSEWHERE,
    FAILOVER_NOWHERE,
    FAILOVER_MISSING,
    SERVER_CANCELLED,
    SERVER_MISSING,
    STATUS_NOT_READY,
    NO_RESET,
)

API = "robot"
"""The node id of the webservice."""
SERVERS_EVERY, RESETS_EVERY, FAILOVERS_EVERY = 120.0, 600.0, 60.0
"""Seconds: 30, 6 and 60 requests an hour of 200, 500 and 100, so that something is left for acting."""
_HARD = ("hw", "power", "power_long")


@dataclass(frozen=True, slots=True)
class HardwareView:
    """What Robot said; None where it did not. `host_of` maps addresses to hosts of the profile."""

    hardware: Hardware
    servers: tuple[Server, ...] | None
    resets: Mapping[str, ResetOptions] | None
    failovers: tuple[Failover, ...] | None
    failures: tuple[Failure, ...]
    host_of: Mapping[str, str]

    @property
    def mine(self) -> tuple[Server, ...]:
        """The machines that the profile names."""
        return tuple(server for server in self.servers or () if server.number in self.hardware.servers)

    def target(self, failover: Failover) -> str:
        """Who a failover address is routed to, as a host's name where one has that address."""
        return self.host_of.get(failover.active, failover.active)


@dataclass(frozen=True, slots=True)
class HardwareTier:
    """The rented machines of one profile."""

    profile: Profile
    hardware: Hardware

    @property
    def servers(self) -> Question[tuple[Server, ...]]:
        return _ask("/server", robot.servers, SERVERS_EVERY)

    @property
    def resets(self) -> Question[tuple[ResetOptions, ...]]:
        return _ask("/reset", robot.resets, RESETS_EVERY)

    @property
    def failovers(self) -> Question[tuple[Failover, ...]]:
        return _ask("/failover", robot.failovers, FAILOVERS_EVERY)

    @property
    def questions(self) -> Sequence[Question[Any]]:
        asked: list[Question[Any]] = [self.servers, self.resets]
        return [*asked, self.failovers] if self.hardware.failover_ips else asked

    def picture(self, snapshot: Snapshot) -> TierPicture:
        view = self._look(snapshot)
        every = [*_api(view), *_servers(view), *_failovers(view)]
        findings = tuple(sorted(every, key=lambda found: (-found.health, found.code, found.subject)))
        return TierPicture(
            "hardware",
            _headline(view, findings),
            nodes=tuple(_nodes(view, findings)),
            edges=tuple(_edges(view)),
            findings=findings,
            tables=(_server_table(view), _failover_table(view)),
        )

    def _look(self, snapshot: Snapshot) -> HardwareView:
        failures = [
            failure
            for question in self.questions
            if (failure := snapshot.reading(question).failure) is not None
        ]
        servers, resets = snapshot.get(self.servers), snapshot.get(self.resets)
        host_of = {host.address: name for name, host in self.profile.hosts.items()}
        host_of |= {
            address: self.hardware.servers[server.number]
            for server in servers or ()
            for address in (server.address, server.net6)
            if address and server.number in self.hardware.servers
        }
        return HardwareView(
            self.hardware,
            servers,
            None if resets is None else {options.number: options for options in resets},
            snapshot.get(self.failovers),
            tuple(failures),
            host_of,
        )


def server_id(number: str) -> str:
    return f"server/{number}"


def failover_id(address: str) -> str:
    return f"failover/{address}"


def _ask(path: str, parse: Any, every: float) -> Question[Any]:
    command = Command(Client.ROBOT, "robot", f"GET {path}")
    return Question(f"hardware/robot{path}", API, command, parse, every, deadline=10.0)


def _api(view: HardwareView) -> Iterator[Finding]:
    sentences: dict[Situation, list[str]] = {}
    for failure in view.failures:
        if failure.kind is not FailureKind.PENDING:
            sentences.setdefault(_why(failure), []).append(one_line(failure.sentence))
    for situation, said in sentences.items():
        yield situation.found(API, f"{situation.title}: {said[0]}", *dict.fromkeys(said))


def _why(failure: Failure) -> Situation:
    """Robot says both wrong rights and used-up limits with 403; the limit's code or text tells them apart."""
    if "rate" in failure.sentence.lower() and "limit" in failure.sentence.lower():
        return RATE_LIMITED
    return API_DENIED if failure.kind is FailureKind.DENIED else API_UNREACHABLE


def _servers(view: HardwareView) -> Iterator[Finding]:
    known = {server.number: server for server in view.mine}
    for number, host in view.hardware.servers.items():
        subject, server = server_id(number), known.get(number)
        if view.servers is not None and server is None:
            sentence = f"Robot does not know server {number} ({host})"
            yield SERVER_MISSING.found(subject, sentence, f"GET /server lists {len(view.servers)} servers")
        if server is not None and server.cancelled:
            sentence = f"{host} (server {number}) is cancelled, paid until {server.paid_until or '?'}"
            yield SERVER_CANCELLED.found(subject, sentence, "GET /server: cancelled true")
        if server is not None and server.status not in ("ready", ""):
            sentence = f"{host} (server {number}) is not ready: {server.status}"
            yield STATUS_NOT_READY.found(subject, sentence, f"GET /server: status {server.status}")
        if view.resets is not None and server is not None:
            types = view.resets[number].types if number in view.resets else ()
            if not set(types) & set(_HARD):
                sentence = f"{host} (server {number}) cannot be reset from afar"
                yield NO_RESET.found(subject, sentence, f"GET /reset: {', '.join(types) or 'not listed'}")


def _failovers(view: HardwareView) -> Iterator[Finding]:
    if view.failovers is None:
        return
    known = {failover.address: failover for failover in view.failovers}
    for address, expected in view.hardware.failover_ips.items():
        failover, subject = known.get(address), failover_id(address)
        if failover is None:
            yield FAILOVER_MISSING.found(
                subject,
                f"Robot does not know failover address {address}",
                f"GET /failover: {', '.join(known)}",
            )
        elif not failover.active:
            yield FAILOVER_NOWHERE.found(
                subject,
                f"failover address {address} is routed nowhere",
                "GET /failover: active_server_ip null",
            )
        elif view.target(failover) != expected:
            sentence = f"failover address {address} points to {view.target(failover)}, not to {expected}"
            evidence = f"GET /failover: active_server_ip {failover.active}"
            yield FAILOVER_ELSEWHERE.found(subject, sentence, evidence)


def _headline(view: HardwareView, findings: Sequence[Finding]) -> str:
    if findings:
        return findings[0].sentence
    if view.servers is None:
        return "not asked yet"
    addresses = len(view.hardware.failover_ips)
    plural = "es" * (addresses != 1)
    return f"{len(view.mine)} machines ready, {addresses} failover address{plural} in place"


def _nodes(view: HardwareView, findings: Sequence[Finding]) -> Iterator[Node]:
    def health(subject: str, base: Health) -> Health:
        return worst([base, *(finding.health for finding in findings if finding.subject == subject)])

    answered = Health.OK if view.servers is not None else Health.UNKNOWN
    yield Node(API, "hardware", "api", health(API, answered), summary="Robot webservice")
    known = {server.number: server for server in view.mine}
    for number, host in view.hardware.servers.items():
        server = known.get(number)
        base = Health.OK if server is not None else Health.UNKNOWN
        facts = _server_facts(view, number, server)
        summary = f"{server.product}, {server.status}" if server else "?"
        subject = server_id(number)
        yield Node(subject, "hardware", "server", health(subject, base), "", summary, facts, host)
    routed = {failover.address: failover for failover in view.failovers or ()}
    for address, expected in view.hardware.failover_ips.items():
        failover, subject = routed.get(address), failover_id(address)
        base = Health.OK if failover is not None else Health.UNKNOWN
        target = (view.target(failover) or "nowhere") if failover else "?"
        facts = (Fact("points to", target), Fact("expected", expected))
        yield Node(subject, "hardware", "failover-ip", health(subject, base), "", f"-> {target}", facts)


def _server_facts(view: HardwareView, number: str, server: Server | None) -> tuple[Fact, ...]:
    options = view.resets.get(number) if view.resets is not None else None
    return (
        Fact("number", number),
        Fact("name", server.name if server else "?"),
        Fact("address", (server.address or server.net6) if server else "?"),
        Fact("product", server.product if server else "?"),
        Fact("data center", server.datacenter if server else "?"),
        Fact("status", server.status if server else "?"),
        Fact("cancelled", ("yes" if server.cancelled else "no") if server else "?"),
        Fact("paid until", server.paid_until if server else "?"),
        Fact("reset", ", ".join(options.types) if options else "?"),
    )


def _edges(view: HardwareView) -> Iterator[Edge]:
    """Failover addresses to the machine they are routed to, where the profile names it."""
    numbers = {host: number for number, host in view.hardware.servers.items()}
    for failover in view.failovers or ():
        host = view.target(failover)
        expected = view.hardware.failover_ips.get(failover.address)
        if expected is not None and host in numbers:
            health = Health.OK if host == expected else Health.CRIT
            yield Edge(failover_id(failover.address), server_id(numbers[host]), "routed-to", health)


def _server_table(view: HardwareView) -> Table:
    known = {server.number: server for server in view.mine}
    rows = []
    for number, host in view.hardware.servers.items():
        server = known.get(number)
        options = view.resets.get(number) if view.resets is not None else None
        good = server is not None and server.status == "ready" and not server.cancelled
        health = Health.OK if good else Health.WARN if server is not None else Health.UNKNOWN
        cells = (
            Cell(number),
            Cell(host),
            Cell(server.product if server else "?"),
            Cell(server.datacenter if server else "?"),
            Cell(server.status if server else "?"),
            Cell(("cancelled" if server.cancelled else server.paid_until) if server else "?"),
            Cell(", ".join(options.types) if options else "?"),
        )
        rows.append(Row(server_id(number), cells, health))
    columns = ("number", "host", "product", "data center", "status", "paid until", "reset")
    return Table("servers", "Machines", columns, tuple(rows))


def _failover_table(view: HardwareView) -> Table:
    routed = {failover.address: failover for failover in view.failovers or ()}
    rows = []
    for address, expected in view.hardware.failover_ips.items():
        failover = routed.get(address)
        target = (view.target(failover) or "nowhere") if failover else "?"
        health = Health.UNKNOWN if failover is None else Health.OK if target == expected else Health.CRIT
        rows.append(Row(failover_id(address), (Cell(address), Cell(target, health), Cell(expected)), health))
    return Table("failover", "Failover addresses", ("address", "points to", "expected"), tuple(rows))


def build(profile: Profile) -> Tier | None:
    return HardwareTier(profile, profile.hardware) if profile.hardware else None


TIER = TierKind("hardware", "Hardware", 6, build, SITUATIONS)
