"""pacemaker as a node sees it: `crm_mon --output-as=xml` (2.0 and newer; schema `crm_mon`)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.parsers.expat import ExpatError, ParserCreate

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import one_line

STATUS = "timeout -k 1 4 crm_mon --output-as=xml"
"""XML implies one shot, with stopped resources and failed actions."""

CONSTRAINTS = "timeout -k 1 4 cibadmin --query --scope constraints"
"""cibadmin(8): the rules of where resources may run."""
_MOVED = ("cli-prefer-", "cli-ban-")
"""What `crm_resource --move` and `--ban` leave (crm_resource(8)), until `--clear`."""
_NOT_CONNECTED = "102"
"""Exit code of the tools when no pacemaker runs on the host (CRM_EX_DISCONNECT)."""
_GROUPS = ("group", "clone", "bundle")
Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    online: bool
    standby: bool
    maintenance: bool
    unclean: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """One instance of a resource. `role` as pacemaker says it: `Started`, `Stopped`, `Promoted`,
    `Unpromoted` (before 2.1: `Master`, `Slave`). `top` is what moves as a whole: its group, its clone, or
    itself."""

    id: str
    agent: str
    role: str
    nodes: tuple[str, ...]
    managed: bool
    failed: bool
    blocked: bool
    cloned: bool
    top: str = ""

    @property
    def fences(self) -> bool:
        """Whether it is a device to fence with, that serves nobody."""
        return self.agent.startswith("stonith:")

    @property
    def active(self) -> bool:
        return self.role not in ("Stopped", "") and bool(self.nodes)


@dataclass(frozen=True, slots=True)
class FailedAction:
    resource: str
    task: str
    node: str
    said: str
    at: str


@dataclass(frozen=True, slots=True)
class Pacemaker:
    """What pacemaker on one node says. `running` is False when none runs there."""

    running: bool
    quorate: bool | None = None
    maintenance: bool = False
    stonith: bool | None = None
    dc: str = ""
    members: tuple[Member, ...] = ()
    resources: tuple[Resource, ...] = ()
    failures: tuple[FailedAction, ...] = ()

    def member(self, name: str) -> Member | None:
        return next((one for one in self.members if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Location:
    """A rule of where `resource` may run; `node` is empty where a rule inside it decides."""

    id: str
    resource: str
    node: str
    score: str

    @property
    def moved(self) -> bool:
        """Whether somebody's `crm_resource --move` or `--ban` left it."""
        return self.id.startswith(_MOVED)


def locations(answer: Answer) -> tuple[Location, ...]:
    """Reads the output of `CONSTRAINTS`."""
    found: list[Location] = []

    def start(name: str, attributes: Attributes) -> None:
        if name == "rsc_location":
            found.append(Location(*(_word(attributes, key) for key in ("id", "rsc", "node", "score"))))

    text = answer.text[max(0, answer.text.find("<")) :]
    if not text.startswith("<constraints"):
        raise Unparsable(f"cibadmin gives no constraints (it said {one_line(answer.text, limit=80)!r})")
    _parse(text, start, lambda name: None, "cibadmin")
    return tuple(found)


def pacemaker(answer: Answer) -> Pacemaker:
    """Reads crm_mon's XML, of 2.0 (`pacemaker-result`) and before (`crm_mon`)."""
    text = answer.text[max(0, answer.text.find("<")) :]
    if not text.startswith(("<pacemaker-result", "<crm_mon", "<?xml")):
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"crm_mon gives no XML (it said {said!r})")
    reader = _Reader()
    _parse(text, reader.start, reader.end, "crm_mon")
    if reader.code == _NOT_CONNECTED:
        return Pacemaker(False)
    if not reader.members:
        raise Unparsable(f"crm_mon names no node (status {one_line(reader.code, limit=20) or 'none'})")
    options = reader.options
    return Pacemaker(
        True,
        _flag(reader.dc.get("with_quorum")),
        _flag(options.get("maintenance-mode")) is True,
        _flag(options.get("stonith-enabled")),
        _word(reader.dc, "name"),
        tuple(reader.members),
        tuple(reader.resources),
        tuple(reader.failures),
    )


def _parse(
    text: str, start: Callable[[str, Attributes], None], end: Callable[[str], None], program: str
) -> None:
    """Reads XML. Entities are refused: pacemaker's tools never define any."""

    def entity(*_: object) -> None:
        raise Unparsable(f"{program}'s XML defines entities")

    parser = ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except ExpatError as error:
        raise Unparsable(f"{program}'s XML is broken: {error}") from None


def _flag(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get(text or "")


def _word(attributes: Attributes, name: str) -> str:
    return one_line(attributes.get(name, ""), limit=100)


class _Reader:
    """Collects what is needed while expat reads."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.members: list[Member] = []
        self.resources: list[Resource] = []
        self.failures: list[FailedAction] = []
        self.dc: Attributes = {}
        self.options: Attributes = {}
        self.code = ""
        self._open: list[tuple[Attributes, list[str], bool]] = []
        self._groups: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        parent = self.path[-1] if self.path else ""
        self.path.append(name)
        if len(self.path) > 40:
            raise Unparsable("crm_mon's XML is nested too deep")
        if name == "current_dc":
            self.dc = attributes
        elif name == "cluster_options":
            self.options = attributes
        elif name == "status" and parent == "pacemaker-result":
            self.code = attributes.get("code", "")
        elif name == "node" and parent == "nodes":
            self.members.append(_member(attributes))
        elif name == "failure":
            self.failures.append(_failure(attributes))
        elif name in _GROUPS:
            self._groups.append(_word(attributes, "id"))
        elif name == "resource" and parent != "nodes":
            self._open.append((attributes, [], "clone" in self.path))
        elif name == "node" and parent == "resource" and self._open:
            self._open[-1][1].append(_word(attributes, "name"))

    def end(self, name: str) -> None:
        self.path.pop()
        if name in _GROUPS:
            self._groups.pop()
        elif name == "resource" and self._open:
            attributes, nodes, cloned = self._open.pop()
            self.resources.append(_resource(attributes, nodes, cloned, next(iter(self._groups), "")))


def _member(found: Attributes) -> Member:
    return Member(
        _word(found, "name"),
        *(
            _flag(found.get(name)) is True
            for name in ("online", "standby", "maintenance", "unclean", "pending")
        ),
    )


def _resource(found: Attributes, nodes: list[str], cloned: bool, top: str) -> Resource:
    return Resource(
        _word(found, "id"),
        _word(found, "resource_agent"),
        _word(found, "role"),
        tuple(nodes),
        _flag(found.get("managed")) is not False,
        _flag(found.get("failed")) is True,
        _flag(found.get("blocked")) is True,
        cloned,
        top or _word(found, "id"),
    )


def _failure(found: Attributes) -> FailedAction:
    task = _word(found, "task")
    resource = re.sub(rf"_{re.escape(task)}_\d+$", "", _word(found, "op_key"))
    said = " ".join(part for part in (_word(found, "exitstatus"), _word(found, "exitreason")) if part)
    return FailedAction(
        resource, _word(found, "task"), _word(found, "node"), said, _word(found, "last-rc-change")
    )
