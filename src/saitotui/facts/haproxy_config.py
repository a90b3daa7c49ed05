"""What HAProxy will do after its next reload: the lines of its configuration that decide, and its state file.

Only those lines are read, so that no password of a configuration ever leaves its host. Runtime changes are
lost on a reload unless `server-state-file` (global) and `load-server-state-from-file` (defaults or backend)
are set *and* the file was written after the change (configuration manual 3.1, 4.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from saitotui.clients.quoting import shell
from saitotui.facts.haproxy import ServerState, servers_state
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

MARK = "#saitotui-state-file"
_WORDS = (
    "global|defaults|listen|backend|frontend|server|default-server|stick|server-state-base|server-state-file|"
    "load-server-state-from-file|option"
)
_SECTION = re.compile(r"^(global|defaults|listen|backend|frontend)(?:\s+(\S+))?")


def ask_config(config: str, state_file: str = "") -> str:
    """The shell command that shows what decides, of the file `config`; then, after a line `MARK`, the state
    file (`state_file`, else the one that the configuration names)."""
    path = shell(config)
    found = f"sed -n 's/^[[:space:]]*server-state-file[[:space:]]\\{{1,\\}}//p' {path} | head -n 1"
    file = shell(state_file) if state_file else f'"$({found})"'
    return (
        f"grep -E '^[[:space:]]*({_WORDS})([[:space:]]|$)' {path} || exit 1; "
        f'echo \'{MARK}\'; f={file}; if [ -n "$f" ]; then cat "$f"; fi; true'
    )


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """A backend as it is configured. `fallback` are its backup servers, `disabled` those that start in
    maintenance, `sticky` whether a stick rule keeps clients where they are, `checks` its `option ...-check`,
    `loads_state` where it loads server states from (`global`, `local`; empty: nowhere)."""

    name: str
    servers: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    sticky: bool = False
    checks: tuple[str, ...] = ()
    loads_state: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """`saved` is the state file's content: None when there is none, or it cannot be read."""

    state_file: str = ""
    backends: dict[str, BackendConfig] = field(default_factory=dict)
    saved: tuple[ServerState, ...] | None = None


def config(answer: Answer) -> Config:
    """Reads the answer to `ask_config`."""
    if answer.status != 0:
        raise Unparsable(f"the configuration cannot be read: {one_line(answer.text, limit=120)}")
    text, _, rest = clean(answer.text, limit=1024 * 1024).partition(f"{MARK}\n")
    reader = _Reader()
    for line in text.splitlines()[:20_000]:
        reader.line(line.split("#")[0].strip())
    if not reader.backends:
        raise Unparsable(f"the configuration names no backend: {one_line(text, limit=120)!r}")
    return Config(reader.state_file, reader.backends, _saved(rest))


def _saved(text: str) -> tuple[ServerState, ...] | None:
    try:
        return servers_state(Answer(text))
    except ValueError:
        return None


class _Reader:
    """Goes through a configuration line by line; `defaults` hold for the sections that follow them."""

    def __init__(self) -> None:
        self.state_file = ""
        self.backends: dict[str, BackendConfig] = {}
        self._default = BackendConfig("")
        self._section = ""
        self._current = BackendConfig("")

    def line(self, line: str) -> None:
        section = _SECTION.match(line)
        if section is not None:
            self._open(section[1], section[2] or "")
        elif self._section == "global" and line.startswith("server-state-file"):
            self.state_file = one_line(line.partition(" ")[2])
        elif self._section in ("defaults", "listen", "backend"):
            self._keep(_with(self._current, line.split()))

    def _open(self, kind: str, name: str) -> None:
        self._section = kind
        if kind == "defaults":
            self._keep(BackendConfig(""))
        elif kind in ("listen", "backend"):
            base = self._default
            self._keep(BackendConfig(one_line(name), checks=base.checks, loads_state=base.loads_state))

    def _keep(self, backend: BackendConfig) -> None:
        self._current = backend
        if self._section == "defaults":
            self._default = backend
        else:
            self.backends[backend.name] = backend


def _with(backend: BackendConfig, words: list[str]) -> BackendConfig:
    """`backend` with one more line of its section."""
    servers, fallback, disabled = backend.servers, backend.fallback, backend.disabled
    sticky, checks, loads = backend.sticky, backend.checks, backend.loads_state
    match words:
        case ["server", name, *options]:
            name = one_line(name)
            servers += (name,)
            fallback += (name,) if "backup" in options else ()
            disabled += (name,) if "disabled" in options else ()
        case ["stick", *_]:
            sticky = True
        case ["option", check, *_] if check.endswith("-check"):
            checks += (one_line(check),)
        case ["load-server-state-from-file", where, *_]:
            loads = where if where in ("global", "local") else ""
    return BackendConfig(backend.name, servers, fallback, disabled, sticky, checks, loads)
