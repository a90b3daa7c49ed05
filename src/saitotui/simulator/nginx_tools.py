"""What nginx's processes and programs show on its hosts: workers that a reload replaces, `nginx -t`.

Texts as nginx 1.22 prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saitotui.simulator.world import Machine, Printed, World, targets

UNIT, CONFIG = "nginx", "/etc/nginx/nginx.conf"
LEAVES = 12.0
"""Seconds for which an old worker has connections left."""
BROKEN = 'nginx: [emerg] unknown directive "upstraem" in /etc/nginx/conf.d/upstreams.conf:4'


class NginxTools:
    """The processes of nginx on one machine."""

    def __init__(self, world: World, machine: Machine, reads: Callable[[str], None]) -> None:
        self._world, self._machine, self._reads = world, machine, reads
        self._next = 2210
        self._serving = self._fork()
        self._leaving: dict[int, float] = {}
        self.broken = False
        """Whether the configuration on disk is not sound."""
        self._ps, self._systemctl = (machine.programs.get(name, _not_here) for name in ("ps", "systemctl"))
        machine.programs |= {"nginx": self._nginx, "ps": self._list, "systemctl": self._manage}

    def _fork(self) -> list[int]:
        self._next += 5
        return list(range(self._next, self._next + 4))

    def _nginx(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """nginx -t [-c FILE]."""
        if "-t" not in words:
            return Printed(err="nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)\n", status=1)
        if self.broken:
            return Printed(err=f"{BROKEN}\nnginx: configuration file {CONFIG} test failed\n", status=1)
        said = f"nginx: the configuration file {CONFIG} syntax is ok\n"
        return Printed(err=f"{said}nginx: configuration file {CONFIG} test is successful\n")

    def _list(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """ps -o pid=,args= -C nginx; anything else as on any host."""
        if list(words[1:]) != ["-o", "pid=,args=", "-C", "nginx"]:
            return self._ps(machine, words, stdin)
        if not self._machine.runs(UNIT):
            return Printed(status=1)
        now = self._world.clock.now()
        self._leaving = {pid: until for pid, until in self._leaving.items() if until > now}
        rows = [(700, f"master process /usr/sbin/nginx -g daemon on; master_process on; -c {CONFIG}")]
        rows += [(pid, "worker process is shutting down") for pid in self._leaving]
        rows += [(pid, "worker process") for pid in self._serving]
        return Printed("".join(f"{pid:>7} nginx: {title}\n" for pid, title in rows))

    def _manage(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        printed = self._systemctl(machine, words, stdin)
        if list(words[1:]) == ["reload", UNIT] and not printed.status and not self.broken:
            until = self._world.clock.now() + LEAVES
            self._leaving |= dict.fromkeys(self._serving, until)
            self._serving = self._fork()
            self._reads(self._machine.name)
        return printed


def _not_here(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
    return Printed(err=f"sh: 1: {words[0]}: not found\n", status=127)


def install(world: World, names: Sequence[str], reads: Callable[[str], None]) -> None:
    """nginx's tools on these machines, and what can be wrong with them. `reads` is called when one reads its
    configuration."""
    tools = {name: NginxTools(world, world.machines[name], reads) for name in names}

    def spoil(name: str) -> str:
        tools[name].broken = True
        return f"the configuration of nginx on {name} has a mistake"

    def mend(name: str) -> str:
        tools[name].broken = False
        return f"the configuration of nginx on {name} is sound again"

    world.fault("nginx-config", "a mistake in nginx's configuration", targets(tools), spoil, mend)
