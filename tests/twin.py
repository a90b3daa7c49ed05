"""What a console must find in each state of a platform, whether the platform is real or simulated.

Both platforms have the same names (db1, lb2, tc2 ...), so the same sentences about them hold. A tier that
only one of them has is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saitotui.engine.report import Report

TIERS = ("hosts", "database", "application")
"""The tiers that are compared whole: what is found there and not named below is a false alarm."""
POLLS = 2
"""Looks after which a state must be seen."""

Found = tuple[str, str]
"""A finding: its code, and the node that it is about."""


@dataclass(frozen=True, slots=True)
class State:
    """A trouble. `lab` is the method of the lab that makes it, `faults` what makes it in the simulator.

    `must` be found; `may` also be found, depending on traffic and on how a service gave up; `causes` are the
    findings without a cause that stand first, worst first.
    """

    name: str
    lab: str
    faults: tuple[tuple[str, str], ...]
    must: frozenset[Found]
    may: frozenset[Found] = frozenset()
    dead: str = ""
    """The node that is proven dead, and must be CRIT."""


def findings_of(*found: str) -> frozenset[Found]:
    """`code subject` as pairs."""
    return frozenset((code, subject) for code, _, subject in (one.partition(" ") for one in found))


_JOURNEYS = ("journey/home", "journey/login", "journey/orders")
_TRAFFIC = findings_of(
    "application.nginx-errors web1",
    "application.nginx-errors web2",
    *(f"application.upstream-failing {name}" for name in ("tc1", "tc2", "tc3")),
    *(f"application.journey-slow {name}" for name in _JOURNEYS),
)
"""What visitors of a troubled platform may leave in the access log."""

STATES = (
    State(
        "replica-stopped",
        "stop_replica",
        (("replication-stop", "db2"),),
        findings_of("database.replica-stopped db2", "redundancy.database-no-standby db1"),
        findings_of("database.semisync-degraded db1"),
    ),
    State(
        "replica-lagging",
        "lag",
        (("lag", "db2"),),
        findings_of("database.replica-lagging db2"),
    ),
    State(
        "master-killed",
        "kill_master",
        (("service-stop", "db1/mariadb"), ("zabbix-disarmed", "zabbix")),
        findings_of(
            "database.master-dead db1",
            "database.haproxy-no-server lb1",
            "database.haproxy-no-server lb2",
            "database.replica-io-connecting db2",
            "application.journey-failed journey/login",
            "application.journey-failed journey/orders",
        ),
        _TRAFFIC,
        dead="db1",
    ),
    State(
        "master-hung",
        "hang_master",
        (("service-hang", "db1/mariadb"), ("zabbix-disarmed", "zabbix")),
        findings_of(
            "database.master-unreachable db1",
            "database.haproxy-no-server lb1",
            "database.haproxy-no-server lb2",
            "application.journey-failed journey/login",
            "application.journey-failed journey/orders",
        ),
        _TRAFFIC
        | findings_of(
            "database.replica-io-connecting db2",
            "database.semisync-degraded db1",
            "database.haproxy-server-down lb1",
            "database.haproxy-server-down lb2",
        ),
    ),
    State(
        "haproxy-disagrees",
        "disagree",
        (("haproxy-turned", "lb2"),),
        findings_of("database.haproxy-read-only-server lb2", "database.haproxy-disagree database"),
        _TRAFFIC
        | findings_of("database.haproxy-state-volatile lb2", "application.journey-failed journey/orders"),
    ),
    State(
        "haproxy-killed",
        "kill_balancer",
        (("service-stop", "lb2/haproxy"), ("zabbix-disarmed", "zabbix")),
        findings_of("database.haproxy-down lb2", "redundancy.proxy-single lb1"),
    ),
    State(
        "tomcat-killed",
        "kill_tomcat",
        (("zabbix-disarmed", "zabbix"), ("service-stop", "tc2/tomcat10")),
        findings_of("application.tomcat-down tc2"),
        _TRAFFIC,
        dead="tc2",
    ),
    State(
        "tomcat-hung",
        "hang_tomcat",
        (("zabbix-disarmed", "zabbix"), ("service-hang", "tc2/tomcat10")),
        findings_of("application.tomcat-hung tc2"),
        _TRAFFIC | frozenset(("application.journey-failed", name) for name in _JOURNEYS),
    ),
    State(
        "version-broken",
        "break_version",
        (("context-failed", "tc2"),),
        findings_of("application.version-stopped tc2"),
    ),
    State(
        "nginx-stopped",
        "stop_nginx",
        (("zabbix-disarmed", "zabbix"), ("service-stop", "web1/nginx")),
        findings_of("application.nginx-down web1")
        | frozenset(("application.journey-failed", name) for name in _JOURNEYS),
        dead="web1",
    ),
    State(
        "ssh-refused",
        "stop_sshd",
        (("service-stop", "db2/ssh"),),
        findings_of("hosts.ssh-refused host/db2"),
    ),
)

ROLES = {"db1": "master", "db2": "replica"}
"""What facts must say whenever they say anything: none of these troubles changes a role."""


def wrong(report: Report, state: State | None = None) -> list[str]:
    """What `report` gets wrong about a platform in `state` (None: all is well), a sentence each."""
    return [*_findings_wrong(report, state), *_roles_wrong(report, state)]


def _findings_wrong(report: Report, state: State | None) -> Iterator[str]:
    must, may = (state.must, state.may) if state else (frozenset(), frozenset())
    found = {(finding["code"], finding["subject"]): finding["sentence"] for finding in report["findings"]}
    for code, subject in sorted(must - set(found)):
        yield f"missing: {code} of {subject}"
    for (code, subject), sentence in found.items():
        if code.partition(".")[0] in TIERS and (code, subject) not in must | may:
            yield f"false alarm: {code} of {subject}: {sentence}"


def _roles_wrong(report: Report, state: State | None) -> Iterator[str]:
    nodes = {node["id"]: node for tier in report["tiers"] for node in tier["nodes"]}
    for name, role in ROLES.items():
        if nodes[name]["role"] != role:
            yield f"{name} is shown as {nodes[name]['role'] or 'nothing'}, it is the {role}"
    if state is not None and state.dead and nodes[state.dead]["health"] != "CRIT":
        yield f"{state.dead} is dead and shown as {nodes[state.dead]['health']}"
