"""The text interface of Tomcat's manager (`/manager/text/...`), as recorded from Tomcat 10.1.

Failures come with HTTP 200 and a body that begins with `FAIL - `.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping

from saitotui.simulator import tomcat_war
from saitotui.simulator.tomcat_cluster import App, Tomcat, TomcatCluster

INFO = (
    ("Tomcat Version", "Apache Tomcat/10.1.34 (Debian)"),
    ("OS Name", "Linux"),
    ("OS Version", "6.1.0-40-amd64"),
    ("OS Architecture", "amd64"),
    ("JVM Version", "17.0.13+11-Debian-2deb12u1"),
    ("JVM Vendor", "Debian"),
)
MANAGER_BASE = "/usr/share/tomcat10-admin/manager"


class Fail(Exception):
    """What the manager answers after `FAIL - `."""


class Manager:
    """The manager of one Tomcat."""

    def __init__(self, cluster: TomcatCluster, tomcat: Tomcat) -> None:
        self._cluster, self._tomcat = cluster, tomcat
        self._commands: dict[str, Callable[[Mapping[str, str]], str]] = {
            "list": lambda query: self._list(),
            "serverinfo": lambda query: "OK - Server info\n" + "".join(f"{k}: [{v}]\n" for k, v in INFO),
            "sessions": lambda query: self._sessions(self._app(query), None),
            "expire": self._expire,
            "start": self._start,
            "stop": self._stop,
            "reload": self._reload,
            "undeploy": self._undeploy,
            "threaddump": lambda query: self._threads(),
            "vminfo": lambda query: self._vminfo(),
        }

    def answer(self, command: str, query: Mapping[str, str]) -> str:
        """The body for `GET /manager/text/COMMAND?...`."""
        do = self._commands.get(command)
        if do is None:
            return f"FAIL - Unknown command [/{command}]\n"
        try:
            return do(query)
        except Fail as fail:
            return f"FAIL - {fail}\n"

    def deploy(self, query: Mapping[str, str], war: bytes) -> str:
        """The body for `PUT /manager/text/deploy?path=...&version=...`."""
        try:
            path, version = self._path(query), query.get("version", "")
            key = path, version
            name = f"{path}##{version}" if version else path
            if key in self._tomcat.apps:
                if query.get("update") != "true":
                    raise Fail(f"Application already exists at path [{name}]")
                self._cluster.undeploy(self._tomcat.name, path, version)
            if self._cluster.fabric.disk_full(self._tomcat.name):
                raise Fail("Encountered exception [java.io.IOException: No space left on device]")
            found = tomcat_war.read(war)
            app = App(path, version, found.starts, found.status, war=war)
            app.doc_base = app.file.removesuffix(".war") if found.unpacked else app.file
            self._cluster.deploy(self._tomcat.name, app)
            if not found.starts:
                raise Fail(f"Deployed application at context path [{name}] but context failed to start")
        except Fail as fail:
            return f"FAIL - {fail}\n"
        return f"OK - Deployed application at context path [{name}]\n"

    @staticmethod
    def _path(query: Mapping[str, str]) -> str:
        path = query.get("path", "")
        if not path.startswith("/"):
            raise Fail(f"Invalid context path [{path}] was specified")
        return "" if path == "/" else path

    def _app(self, query: Mapping[str, str]) -> App:
        path, version = self._path(query), query.get("version", "")
        app = self._tomcat.apps.get((path, version))
        if app is None:
            name = f"{path}##{version}" if version else path
            raise Fail(f"No context exists named [{html.escape(name).replace('/', '&#47;')}]")
        return app

    def _list(self) -> str:
        lines = ["OK - Listed applications for virtual host [localhost]"]
        for running in (True, False):
            apps = [app for app in self._tomcat.apps.values() if app.running == running]
            for app in sorted(apps, key=lambda app: (app.path, app.version)):
                state = "running" if running else "stopped"
                lines.append(f"{app.path or '/'}:{state}:{len(app.sessions)}:{app.doc_base}")
            if running:
                lines.append(f"/manager:running:0:{MANAGER_BASE}")
        return "\n".join(lines) + "\n"

    def _sessions(self, app: App, idle: int | None) -> str:
        """The histogram by idle minutes; `idle` (minutes) expires those that were idle longer."""
        now = self._cluster.fabric.now()
        counts: dict[int, int] = {}
        expired = 0
        for id, session in list(app.sessions.items()):
            minutes = int((now - session.seen) / 60)
            if idle is not None and minutes >= idle:
                expired += 1
                self._end(app, id)
            else:
                counts[minutes] = counts.get(minutes, 0) + 1
        lines = [
            f"OK - Session information for application at context path [{app.name}]",
            "Default maximum session inactive interval is [30] minutes",
        ]
        for minutes, count in sorted(counts.items()):
            span = "<1" if minutes == 0 else f"{minutes} - <{minutes + 1}" if minutes < 30 else ">=31"
            lines.append(f"Inactive for [{span}] minutes: [{count}] sessions")
        if idle is not None:
            lines.append(f"Inactive for [>{idle}] minutes: [{expired}] sessions were expired")
        return "\n".join(lines) + "\n"

    def _end(self, app: App, id: str) -> None:
        """A session that is expired on one member is expired on all that it is connected to."""
        app.sessions.pop(id, None)
        app.expired += 1
        for name in self._tomcat.members:
            other = self._cluster.tomcats[name].apps.get((app.path, app.version))
            if other is not None:
                other.sessions.pop(id, None)

    def _expire(self, query: Mapping[str, str]) -> str:
        app = self._app(query)
        idle = query.get("idle", "")
        return self._sessions(app, int(idle) if idle.isdigit() else None)

    def _start(self, query: Mapping[str, str]) -> str:
        app = self._app(query)
        if app.doc_base.endswith(".war"):
            raise Fail(f"Application at context path [{app.name}] could not be started")
        app.running = True
        self._cluster.deploy(self._tomcat.name, app)
        return f"OK - Started application at context path [{app.name}]\n"

    def _stop(self, query: Mapping[str, str]) -> str:
        app = self._app(query)
        self._cluster.stop(app)
        return f"OK - Stopped application at context path [{app.name}]\n"

    def _reload(self, query: Mapping[str, str]) -> str:
        app = self._app(query)
        self._cluster.stop(app)
        app.running = True
        self._cluster.deploy(self._tomcat.name, app)
        return f"OK - Reloaded application at context path [{app.name}]\n"

    def _undeploy(self, query: Mapping[str, str]) -> str:
        app = self._app(query)
        self._cluster.undeploy(self._tomcat.name, app.path, app.version)
        return f"OK - Undeployed application at context path [{app.name}]\n"

    def _threads(self) -> str:
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self._cluster.fabric.now()))
        lines = [
            "OK - JVM thread dump",
            f"{now}.634",
            "Full thread dump OpenJDK 64-Bit Server VM (17.0.13+11-Debian-2deb12u1 mixed mode, sharing):",
            "",
            '"main" Id=1 cpu=460178071 ns usr=400000000 ns blocked 0 for -1 ms waited 7 for -1 ms',
            "   java.lang.Thread.State: TIMED_WAITING",
            "\tat java.base@17.0.13/java.lang.Thread.sleep(Native Method)",
            "\tat org.apache.catalina.core.StandardServer.await(StandardServer.java:523)",
            "",
        ]
        stuck = self._tomcat.slow_threads
        for number in range(1, max(10, stuck) + 1):
            head = f'"http-nio-{self._tomcat.address}-8080-exec-{number}" Id={30 + number}'
            lines.append(f"{head} cpu=24876761 ns usr=0 ns blocked 0 for -1 ms waited 207 for -1 ms")
            if number <= stuck:
                lines += [
                    "   java.lang.Thread.State: RUNNABLE",
                    "\tat java.base@17.0.13/sun.nio.ch.Net.poll(Native Method)",
                    "\tat com.mysql.cj.protocol.ReadAheadInputStream.fill(ReadAheadInputStream.java:107)",
                    "",
                ]
            else:
                lines += [
                    "   java.lang.Thread.State: WAITING",
                    "\tat java.base@17.0.13/jdk.internal.misc.Unsafe.park(Native Method)",
                    "",
                ]
        return "\n".join(lines) + "\n"

    def _vminfo(self) -> str:
        now = self._cluster.fabric.now()
        began = self._tomcat.since or now
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        fields = {
            "vmName": "OpenJDK 64-Bit Server VM",
            "vmVersion": INFO[4][1],
            "vmVendor": "Debian",
            "specName": "Java Virtual Machine Specification",
            "specVersion": "17",
            "specVendor": "Oracle Corporation",
            "managementSpecVersion": "3.0",
            "name": f"{2000 + self._tomcat.number}@{self._tomcat.name}",
            "startTime": f"{int(began * 1000)}",
            "uptime": f"{int((now - began) * 1000)}",
            "isBootClassPathSupported": "false",
        }
        system = {"name": "Linux", "version": INFO[2][1], "architecture": "amd64", "availableProcessors": "4"}
        text = f"OK - VM info\n{stamp}.607\nRuntime information:\n"
        text += "".join(f"  {name}: {value}\n" for name, value in fields.items())
        return (
            text + "\nOS information:\n" + "".join(f"  {name}: {value}\n" for name, value in system.items())
        )
