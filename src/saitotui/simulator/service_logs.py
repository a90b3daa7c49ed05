"""What simulated services write: nginx into its error log, Tomcats into the log of the day."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from saitotui.simulator.world import World

ERROR_LOG = "/var/log/nginx/error.log"
CATALINA = "/var/log/tomcat10/catalina.%Y-%m-%d.log"
KEPT_LINES = 400


class ServiceLogs:
    """The logs by machine, a Tomcat's as JULI's OneLineFormatter writes it. A full disk takes nothing."""

    def __init__(self, world: World, fronts: Sequence[str], tomcats: Sequence[str]) -> None:
        self._world, self._tomcats = world, frozenset(tomcats)
        self._lines: dict[str, deque[str]] = {}
        for name in (*fronts, *tomcats):
            self._lines[name] = deque(maxlen=KEPT_LINES)
            world.machines[name].files[self._file(name)] = self._content(name)

    def _now(self, name: str) -> datetime:
        machine = self._world.machines[name]
        return datetime.fromtimestamp(self._world.clock.now() + machine.clock_offset, UTC)

    def _file(self, name: str) -> str:
        return self._now(name).strftime(CATALINA) if name in self._tomcats else ERROR_LOG

    def _content(self, name: str) -> Callable[[], str]:
        return lambda: "".join(f"{line}\n" for line in self._lines[name])

    def write(self, name: str, level: str, text: str) -> None:
        """`level` is nginx's or java.util.logging's; `text` may have lines that go on."""
        machine = self._world.machines[name]
        if machine.disk_full:
            return
        now = self._now(name)
        if name in self._tomcats:
            machine.files.setdefault(self._file(name), self._content(name))
            stamp = f"{now:%d-%b-%Y %H:%M:%S}.{now.microsecond // 1000:03d} {level}"
        else:
            stamp = f"{now:%Y/%m/%d %H:%M:%S} [{level}] 844#844:"
        self._lines[name].extend(f"{stamp} {text}".splitlines())
