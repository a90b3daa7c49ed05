"""Quorum and links as one node sees them: `corosync-quorumtool -s` (`pvecm status`), `corosync-cfgtool -s`.

Formats recorded from corosync 3.1.7 (PVE 9.2): quorate, two of three, without quorum; one healthy link.
A broken peer is printed as `disconnected` (corosync 3.1, tools/corosync-cfgtool.c) or, before 3.1, as
`link enabled:1  link connected:0`; that is from the source, not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

_FIELD = re.compile(r"^(?P<label>[A-Z][A-Za-z ]{1,30}):\s{1,40}(?P<value>\S.{0,200})?$")
_MEMBER = re.compile(
    r"^\s{0,20}(?P<id>0x[0-9a-fA-F]{1,8}|\d{1,10})\s{1,20}(?P<votes>\d{1,6})"
    r"(?:\s{1,20}(?:NR|A,\S{1,20}|NA,\S{1,20}))?\s{1,20}(?P<name>\S{1,120})(?P<local> \(local\))?\s{0,20}$"
)
_LINK = re.compile(r"^(?:LINK|RING) ID\s{1,8}(?P<number>\d{1,3})(?:\s{1,8}(?P<transport>\w{1,10}))?")
_ADDRESS = re.compile(r"^\s{0,20}(?:addr|id)\s{0,20}=\s{0,20}(?P<address>\S{1,120})")
_PEER = re.compile(r"^\s{0,20}nodeid:?\s{1,20}(?P<id>\d{1,10}):\s{1,20}(?P<state>\S.{0,60})$")
_LOCAL = re.compile(r"^Local node ID:?\s{1,8}(?P<id>\d{1,10})")

_LINES = 2_000


class CorosyncDown(Unparsable):
    """The tool says that it cannot reach corosync: the daemon does not run on that node (or refuses us)."""


@dataclass(frozen=True, slots=True)
class Voter:
    """A member of the partition that a node is in."""

    id: int
    votes: int
    name: str
    local: bool


@dataclass(frozen=True, slots=True)
class QuorumView:
    """Votes as one node counts them; `running` False when corosync does not run there (then all is empty)."""

    quorate: bool
    expected: int = 0
    total: int = 0
    needed: int = 0
    node_id: int = 0
    members: tuple[Voter, ...] = ()
    running: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One corosync link of a node: True for each peer (by node id) that it reaches over it."""

    number: int
    transport: str
    address: str
    peers: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LinksView:
    """All links of one node."""

    node_id: int
    links: tuple[Link, ...] = ()
    running: bool = True
    reason: str = ""


def quorum(answer: Answer) -> QuorumView:
    """Reads `corosync-quorumtool -s` or `pvecm status`."""
    lines = _lines(answer)
    fields: dict[str, str] = {}
    members: list[Voter] = []
    for line in lines:
        if found := _FIELD.match(line):
            fields.setdefault(found["label"], (found["value"] or "").strip())
        elif found := _MEMBER.match(line):
            voter = Voter(int(found["id"], 0), int(found["votes"]), found["name"], bool(found["local"]))
            members.append(voter)
    if "Quorate" not in fields:
        if reason := _down(lines):
            return QuorumView(False, running=False, reason=reason)
        raise Unparsable(f"no quorum information in {_shown(answer)}")
    return QuorumView(
        quorate=fields["Quorate"] == "Yes",
        expected=_first_number(fields.get("Expected votes", "")),
        total=_first_number(fields.get("Total votes", "")),
        needed=_first_number(fields.get("Quorum", "")),
        node_id=int(fields.get("Node ID") or "0", 0),
        members=tuple(members),
    )


def links(answer: Answer) -> LinksView:
    """Reads `corosync-cfgtool -s`."""
    lines = _lines(answer)
    local = next((int(found["id"]) for line in lines if (found := _LOCAL.match(line))), 0)
    found_links: list[Link] = []
    for line in lines:
        if found := _LINK.match(line):
            found_links.append(Link(int(found["number"]), found["transport"] or "", "", {}))
        elif not found_links:
            continue
        elif found := _ADDRESS.match(line):
            last = found_links[-1]
            found_links[-1] = Link(last.number, last.transport, found["address"], last.peers)
        elif found := _PEER.match(line):
            last = found_links[-1]
            peers = {**last.peers, int(found["id"]): _connected(found["state"])}
            found_links[-1] = Link(last.number, last.transport, last.address, peers)
    if not found_links:
        if reason := _down(lines):
            return LinksView(0, running=False, reason=reason)
        raise Unparsable(f"no corosync link in {_shown(answer)}")
    return LinksView(local, tuple(found_links))


def _connected(state: str) -> bool:
    """`localhost`, `connected` (3.1), `link enabled:1 link connected:1` (3.0)."""
    if "connected:" in state:
        return "link connected:1" in state
    return state.strip() in ("localhost", "connected")


def _lines(answer: Answer) -> list[str]:
    return clean(answer.text).splitlines()[:_LINES]


def _down(lines: list[str]) -> str:
    """What the tools print when the daemon is away: `Cannot initialize QUORUM service`, `Could not initialize
    corosync configuration API error CS_ERR_LIBRARY`, pvecm's `Cannot use default route address` and alike."""
    signs = ("Cannot initialize", "Could not initialize", "CS_ERR_", "corosync.conf", "does not exist")
    return next((one_line(line) for line in lines if any(sign in line for sign in signs)), "")


def _first_number(value: str) -> int:
    found = re.match(r"\d{1,9}", value)
    return int(found[0]) if found else 0


def _shown(answer: Answer) -> str:
    return f"{one_line(answer.text, limit=80)!r}" if answer.text.strip() else "an empty answer"
