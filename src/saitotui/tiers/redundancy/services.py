"""What the platform does for its users, and who does it: from roles and health that the tiers found.

A service stands as long as enough of its members do. The tiers' node kinds are read here: `mysql` (roles
`master`, `replica`), `drbd` (`primary`, `secondary`), `haproxy`, `nginx`, `tomcat`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from saitotui.model.health import Health
from saitotui.model.topology import Node, TierPicture


class Mode(StrEnum):
    """How members stand in for each other."""

    ANY = "any"
    """All of them work; the others take the load at once."""
    TAKES_OVER = "takes over"
    """One works; the other takes over by itself."""
    PROMOTED = "promoted"
    """One works; the other must be promoted by a runbook."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a service is made of nodes of one kind. `stops` says what stops without it."""

    node: str
    name: str
    mode: Mode
    stops: str
    active: str = ""
    standby: str = ""


KINDS = (
    Kind("mysql", "database", Mode.PROMOTED, "writes to the database", "master", "replica"),
    Kind("haproxy", "proxy", Mode.ANY, "the application's way to the database"),
    Kind("drbd", "storage", Mode.TAKES_OVER, "shared files (NFS)", "primary", "secondary"),
    Kind("tomcat", "application", Mode.ANY, "the application"),
    Kind("nginx", "web", Mode.ANY, "all web traffic"),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A node of a service. `able`: it does its work or could take it over now; None: nobody knows."""

    id: str
    host: str
    able: bool | None
    active: bool


@dataclass(frozen=True, slots=True)
class Service:
    kind: Kind
    tier: str
    members: tuple[Member, ...]

    @property
    def able(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.able)

    @property
    def claimants(self) -> tuple[Member, ...]:
        """Who does the work now, by what each says."""
        return tuple(member for member in self.members if member.active)

    @property
    def active(self) -> Member | None:
        """Who does the work now, where one does; None when nobody or more than one claims to."""
        return self.claimants[0] if len(self.claimants) == 1 else None

    @property
    def standbys(self) -> tuple[Member, ...]:
        """Members that could take the work over."""
        return tuple(member for member in self.members if member.able and not member.active)

    @property
    def last(self) -> Member | None:
        """The only one that could bring back a service that stands still; None when it does not stand still,
        when more could, or when nobody knows."""
        if self.kind.mode is Mode.ANY or self.claimants or self.unknown or len(self.standbys) != 1:
            return None
        return self.standbys[0]

    @property
    def unknown(self) -> bool:
        return any(member.able is None for member in self.members)


def services(pictures: Iterable[TierPicture]) -> Iterator[Service]:
    """The services of a platform, in the order of `KINDS`."""
    drawn = tuple(pictures)
    for kind in KINDS:
        for picture in drawn:
            nodes = [node for node in picture.nodes if node.kind == kind.node]
            if nodes:
                yield Service(kind, picture.tier, tuple(_member(kind, node, picture) for node in nodes))


def _member(kind: Kind, node: Node, picture: TierPicture) -> Member:
    if node.id in picture.dead:
        return Member(node.id, node.host, False, False)
    if kind.mode is Mode.ANY:
        return Member(node.id, node.host, _works(node), True)
    if node.role == kind.active:
        return Member(node.id, node.host, True, True)
    if node.role == kind.standby:
        return Member(node.id, node.host, _could_take_over(node, picture), False)
    # Without a role that facts give it, nobody knows what it could do.
    able = False if node.health is Health.CRIT else None
    return Member(node.id, node.host, able, False)


def _works(node: Node) -> bool | None:
    if node.health is Health.UNKNOWN:
        return None
    return node.health is not Health.CRIT


def _could_take_over(node: Node, picture: TierPicture) -> bool | None:
    """A standby that is being filled or whose peer was lost has not all data."""
    words = (
        "resync",
        "inconsistent",
        "outdated",
        "split-brain",
        "standalone",
        "diskless",
        "errant",
        "stopped",
    )
    about = [finding for finding in picture.findings if finding.subject == node.id]
    if any(word in finding.code for finding in about for word in words):
        return False
    return _works(node)
