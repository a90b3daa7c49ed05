"""What hosts of the application show to whoever makes a cluster of them: their files, and who has read them.

A Tomcat that is bare runs by its package's own files: its manager knows nobody, it has no cluster and no
application. It becomes a member by its files and a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from saitotui.simulator.world import Machine, Printed, Program

if TYPE_CHECKING:
    from saitotui.simulator.tomcat_part import TomcatPart

TOMCAT, NGINX = "tomcat10", "nginx"
ETC = "/etc/tomcat10"
SERVER, USERS = f"{ETC}/server.xml", f"{ETC}/tomcat-users.xml"
READS = (SERVER, USERS, f"{ETC}/Catalina/localhost/manager.xml", "/etc/default/tomcat10")
UPSTREAMS = "/etc/nginx/conf.d/upstreams.conf"
_PACKAGE = ("/usr/share/tomcat10/bin/bootstrap.jar", "/usr/share/tomcat10-admin/manager/index.jsp")
_OWN = "<!-- as its package brings it -->\n"


class Read:
    """A machine's files as a unit has read them; what was written since is newer."""

    def __init__(self, machine: Machine, files: Iterable[str]) -> None:
        self._machine, self._files = machine, tuple(files)
        self._contents: dict[str, str | None] = {}
        self.again()

    def again(self) -> None:
        self._contents = {file: self._machine.read(file) for file in self._files}

    @property
    def newer(self) -> Sequence[str]:
        """The files that the unit has not read."""
        return [file for file, text in self._contents.items() if self._machine.read(file) != text]


class Building:
    """The programs of both kinds of host, and the fault that makes all of them bare."""

    def __init__(self, part: TomcatPart, webs: Iterable[str], tomcats: Iterable[str]) -> None:
        self._part, self._webs, self._tomcats = part, tuple(webs), tuple(tomcats)
        self._read: dict[str, Read] = {}
        for name in self._tomcats:
            machine = part.world.machines[name]
            machine.files |= dict.fromkeys((*_PACKAGE, *READS), _OWN)
            self._read[name] = Read(machine, READS)
            machine.programs["java"] = lambda machine, words, stdin: Printed()
            self._over(machine, self._restarted, "restart", TOMCAT)
        for name in self._webs:
            machine = part.world.machines[name]
            self._read[name] = Read(machine, [UPSTREAMS])
            machine.programs["touch"] = lambda machine, words, stdin: Printed()
            self._over(machine, self._reloaded, "reload-or-restart", NGINX)
        for name in self._read:
            part.world.machines[name].programs["find"] = self._find
        for name, what, do in (
            ("app-fresh", "an application tier that is not made yet", self._fresh),
            ("app-none", "Tomcats without an application", self._none),
        ):
            part.world.fault(name, what, lambda: ["application"], do, self._made)

    def _over(self, machine: Machine, done: Callable[[Machine], None], verb: str, unit: str) -> None:
        """systemctl(1), which tells when a unit began, and after which its files are read."""
        plain: Program | None = machine.programs.get("systemctl")
        if plain is None:
            return

        def run(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
            if words[1:2] == ["show"]:
                return Printed("Mon 2026-01-12 03:00:00.000000 UTC\n")
            said = [word.replace("reload-or-restart", "reload") for word in words]
            printed = plain(machine, said, stdin)
            if verb in words and unit in words and not printed.status:
                done(machine)
            return printed

        machine.programs["systemctl"] = run

    def _restarted(self, machine: Machine) -> None:
        self._read[machine.name].again()
        tomcat = self._part.tomcats.tomcats[machine.name]
        clustered = "SimpleTcpCluster" in (machine.read(SERVER) or "")
        if tomcat.bare and clustered and "manager-script" in (machine.read(USERS) or ""):
            tomcat.bare = tomcat.isolated = False

    def _reloaded(self, machine: Machine) -> None:
        self._read[machine.name].again()
        self._part.front.nodes[machine.name].configured = True

    def _find(self, machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        """find FILE... -newermt TIME, or find PID READ -newer FILE"""
        newer = self._read[machine.name].newer
        if "-newermt" in words:
            return Printed("".join(f"{file}\n" for file in words[1:] if file in newer))
        return Printed("" if newer else f"{words[1]}\n")

    def _none(self, target: str) -> str:
        for name in self._tomcats:
            for path, version in list(self._part.tomcats.tomcats[name].apps):
                self._part.tomcats.undeploy(name, path, version)
        return "no Tomcat has an application"

    def _fresh(self, target: str) -> str:
        self._none(target)
        for name in self._tomcats:
            tomcat = self._part.tomcats.tomcats[name]
            tomcat.bare = tomcat.isolated = True
        for name in self._webs:
            self._part.world.machines[name].files.pop(UPSTREAMS, None)
            self._read[name].again()
            self._part.front.nodes[name].configured = False
        return "the application's hosts are as Debian's packages leave them"

    def _made(self, target: str) -> str:
        return "what was made stays made"
