"""An HAProxy node as one snapshot shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from saitotui.facts.haproxy import FORCED, Info, Line, ServerState
from saitotui.facts.haproxy_config import BackendConfig, Config
from saitotui.model.command import Failure, FailureKind
from saitotui.model.profile import Database, Haproxy
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.database.addresses import Addresses
from saitotui.tiers.database.questions import HaproxyQuestions


@dataclass(frozen=True, slots=True)
class Member:
    """A server of a backend. `server` is the profile's name of it, empty when the profile knows none;
    `named` is what its name alone would say."""

    line: Line
    server: str
    named: str
    state: ServerState | None = None

    @property
    def label(self) -> str:
        return self.server or self.line.name

    @property
    def forced(self) -> bool:
        """Somebody took it out at run time."""
        return self.state is not None and bool(self.state.admin & FORCED) and self.line.maintenance


@dataclass(frozen=True, slots=True)
class BalancerView:
    """What is known of one HAProxy. `lines` is None when its statistics are not known; `write` and `read`
    are the servers of the profile's backends, None when it has no such backend."""

    name: str
    profile: Haproxy
    failure: Failure | None = None
    lines: tuple[Line, ...] | None = None
    write: tuple[Member, ...] | None = None
    read: tuple[Member, ...] | None = None
    states: tuple[ServerState, ...] | None = None
    info: Info | None = None
    config: Config | None = None
    backend: str = ""

    @property
    def answers(self) -> bool:
        return self.lines is not None

    @property
    def pending(self) -> bool:
        return self.failure is not None and self.failure.kind is FailureKind.PENDING

    @property
    def active(self) -> tuple[Member, ...]:
        """Where new sessions of the write backend go: all usable servers, else the first usable backup one
        (configuration manual 5.2, `backup`)."""
        usable = [member for member in self.write or () if member.line.takes]
        first = tuple(member for member in usable if not member.line.backup)
        return first or tuple(usable[:1])

    @property
    def fallback(self) -> tuple[Member, ...]:
        """Backup servers of the write backend, unless someone took them out."""
        return tuple(m for m in self.write or () if m.line.backup and not m.line.maintenance)

    @property
    def configured(self) -> BackendConfig | None:
        """The write backend as the configuration file has it."""
        return self.config.backends.get(self.backend) if self.config else None

    @property
    def sessions(self) -> int:
        return sum(member.line.sessions for member in self.write or ())

    def members(self, server: str) -> tuple[Member, ...]:
        """`server`, in the write and the read backend."""
        return tuple(m for m in (*(self.write or ()), *(self.read or ())) if m.server == server)


def look_at_balancer(
    name: str,
    profile: Haproxy,
    database: Database,
    asked: HaproxyQuestions,
    snapshot: Snapshot,
    addresses: Addresses,
) -> BalancerView:
    """What `snapshot` says about the HAProxy node `name`."""
    reading = snapshot.reading(asked.stat)
    lines, states = reading.get(), snapshot.get(asked.state)

    def members(backend: str) -> tuple[Member, ...] | None:
        return _members(lines or (), states or (), backend, addresses.of_haproxy) if backend else None

    return BalancerView(
        name=name,
        profile=profile,
        failure=reading.failure,
        lines=lines,
        write=members(database.write_backend),
        read=members(database.read_backend),
        states=states,
        info=snapshot.get(asked.info),
        config=snapshot.get(asked.config),
        backend=database.write_backend,
    )


def _members(
    lines: tuple[Line, ...],
    states: tuple[ServerState, ...],
    backend: str,
    resolve: Callable[[str, str], tuple[str, str]],
) -> tuple[Member, ...] | None:
    if not any(line.proxy == backend and line.name == "BACKEND" for line in lines):
        return None
    by_name = {state.name: state for state in states if state.backend == backend}
    found = []
    for line in lines:
        if line.proxy == backend and line.is_server:
            state = by_name.get(line.name)
            address = line.address or (f"{state.address}:{state.port}" if state else "")
            server, named = resolve(line.name, address)
            found.append(Member(line, server, named, state))
    return tuple(found)
