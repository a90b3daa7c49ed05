"""A Tomcat of the lab: one of a cluster with static membership that replicates sessions in memory.

Multicast finds nobody on loopback, so members are named (StaticMembershipInterceptor, channelStartOptions 3).
"""

from __future__ import annotations

import base64
import resource
import shlex
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.host import Machine, Service
from tests.lab.nginx import get
from tests.lab.tomcats import DEBIAN, Release

PORT = 8080
USER, PASSWORD = "saitotui", "manager-pw"
_COPIED = ("catalina.properties", "web.xml", "logging.properties", "context.xml", "jaspic-providers.xml")
_TRIBES = "org.apache.catalina.tribes"


class Tomcat(Service):
    """`members`: name to address of every Tomcat of the cluster, itself included."""

    name = "tomcat10"

    def __init__(
        self, machine: Machine, members: Mapping[str, str], war: Path, release: Release = DEBIAN
    ) -> None:
        super().__init__(machine)
        self._release = release
        self.base = machine.folder / "base"
        self.url = f"http://{machine.address}:{PORT}"
        for part in ("conf/Catalina/localhost", "logs", "temp", "webapps", "work", "lib"):
            (self.base / part).mkdir(parents=True)
        for file in _COPIED:
            shutil.copy(f"/etc/tomcat10/{file}", self.base / "conf" / file)
        shutil.copy(war, self.base / "webapps" / war.name)
        self._write("conf/tomcat-users.xml", _users())
        self._write("conf/Catalina/localhost/manager.xml", _MANAGER.format(folder=release.manager))
        self._write("conf/server.xml", _server(machine, members))
        (machine.folder / "bin").mkdir()
        systemctl = machine.folder / "bin" / "systemctl"
        command = shlex.join(self.command())
        systemctl.write_text(_SYSTEMCTL.format(base=self.base, name=machine.name, command=command), "utf-8")
        systemctl.chmod(0o755)

    def _write(self, path: str, text: str) -> None:
        (self.base / path).write_text(text, "utf-8")

    def command(self) -> Sequence[str]:
        home = self._release.home
        return [
            "/usr/bin/java", f"-Dtc={self.machine.name}",
            f"-Djava.util.logging.config.file={self.base}/conf/logging.properties",
            "-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager",
            "-Xms48m", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxMetaspaceSize=96m",
            "-Djava.net.preferIPv4Stack=true", "-Djava.security.egd=file:/dev/./urandom",
            "-cp", f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar",
            f"-Dcatalina.home={home}", f"-Dcatalina.base={self.base}", f"-Djava.io.tmpdir={self.base}/temp",
            "org.apache.catalina.startup.Bootstrap", "start",
        ]  # fmt: skip

    def start_over(self) -> None:
        """Ends it, whoever started it, and starts it as a test does."""
        self.kill()
        self.machine.run("sh", "-c", f"pkill -KILL -f -- -Dtc={self.machine.name} || true")
        self.start()

    def answers(self) -> bool:
        return get(f"{self.url}/app/health") == 200

    def manager(self, path: str, upload: Path | None = None) -> str:
        """What the manager answers to `path` (`/text/list`); the body of an error, too."""
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"{self.url}/manager{path}",
            data=upload.read_bytes() if upload else None,
            method="PUT" if upload else "GET",
            headers={"Authorization": f"Basic {token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode())

    def deploy(self, war: Path, version: str) -> str:
        """Deploys a WAR beside what is there; gives the manager's answer."""
        return self.manager(f"/text/deploy?path=/app&version={urllib.parse.quote(version)}", war)

    def undeploy(self, version: str) -> str:
        return self.manager(f"/text/undeploy?path=/app&version={urllib.parse.quote(version)}")

    @contextmanager
    def files_up_to(self, size: int) -> Iterator[None]:
        """It writes no file larger than `size` bytes: what a disk without room does to it."""
        assert self.process is not None
        pid = self.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    def peers(self) -> set[str]:
        """Addresses of the other members that it sees."""
        text = self.manager("/jmxproxy/?qry=Catalina:type=Cluster,component=Member,*")
        found = {
            line.removeprefix("hostname: ") for line in text.splitlines() if line.startswith("hostname: ")
        }
        return found - {self.machine.address}


_SYSTEMCTL = """#!/bin/sh
# The service manager of a machine without systemd, for its Tomcat.
pids=$(pgrep -f -- '^/usr/bin/java -Dtc={name} ')
case "$*" in
"is-enabled tomcat10") echo enabled; exit 0;;
"kill --kill-who=main --signal=QUIT tomcat10") kill -QUIT $pids; exit $?;;
"restart tomcat10") ;;
*) echo "systemctl: cannot $*" >&2; exit 1;;
esac
for pid in $pids; do
    kill -TERM "$pid"
    left=100
    # Dead is also one that nobody has collected: its parent may be stopped, too.
    while [ -e "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; do
        sleep 0.05
        left=$((left - 1))
        [ $left -gt 0 ] || kill -KILL "$pid"
    done
done
setsid {command} </dev/null >>{base}/logs/again.out 2>&1 &
"""
"""What systemd's unit does: SIGTERM, SIGKILL to what does not end (after 5 s here), start; it does not wait
until it answers."""

_MANAGER = """<Context docBase="{folder}" antiResourceLocking="false"
  privileged="true">
  <Valve className="org.apache.catalina.valves.RemoteCIDRValve" allow="127.0.0.0/8"/>
  <Manager className="org.apache.catalina.session.StandardManager"/>
</Context>
"""


def _users() -> str:
    roles = ("manager-script", "manager-jmx", "manager-status")
    named = "".join(f'<role rolename="{role}"/>' for role in roles)
    return (
        f"<tomcat-users>{named}"
        f'<user username="{USER}" password="{PASSWORD}" roles="{",".join(roles)}"/></tomcat-users>\n'
    )


def _member(tag: str, number: int, address: str = "") -> str:
    place = f'host="{address}" port="4000" securePort="-1" ' if address else ""
    unique = f"{{10,82,0,0,0,0,0,0,0,0,0,0,0,0,0,{number}}}"
    return f'<{tag} className="{_TRIBES}.membership.StaticMember" {place}domain="app" uniqueId="{unique}"/>'


def _server(machine: Machine, members: Mapping[str, str]) -> str:
    numbers = {name: number for number, name in enumerate(members, start=1)}
    others = "\n            ".join(
        _member("Member", numbers[name], address) for name, address in members.items() if name != machine.name
    )
    interceptor = f"{_TRIBES}.group.interceptors"
    cluster = "org.apache.catalina.ha"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1" shutdown="SHUTDOWN">
  <Listener className="org.apache.catalina.core.JreMemoryLeakPreventionListener"/>
  <Listener className="org.apache.catalina.mbeans.GlobalResourcesLifecycleListener"/>
  <Listener className="org.apache.catalina.core.ThreadLocalLeakPreventionListener"/>
  <GlobalNamingResources>
    <Resource name="UserDatabase" auth="Container" type="org.apache.catalina.UserDatabase"
      factory="org.apache.catalina.users.MemoryUserDatabaseFactory" pathname="conf/tomcat-users.xml"/>
  </GlobalNamingResources>
  <Service name="Catalina">
    <Connector port="{PORT}" address="{machine.address}" protocol="HTTP/1.1" connectionTimeout="20000"
      maxThreads="100" minSpareThreads="4" acceptCount="100" maxKeepAliveRequests="-1"/>
    <Engine name="Catalina" defaultHost="localhost" jvmRoute="{machine.name}">
      <Cluster className="{cluster}.tcp.SimpleTcpCluster" channelSendOptions="8" channelStartOptions="3">
        <Manager className="{cluster}.session.DeltaManager" expireSessionsOnShutdown="false"
          notifyListenersOnReplication="true" stateTransferTimeout="5"/>
        <Channel className="{_TRIBES}.group.GroupChannel">
          <Receiver className="{_TRIBES}.transport.nio.NioReceiver" address="{machine.address}" port="4000"
            autoBind="0" selectorTimeout="5000" minThreads="2" maxThreads="6"/>
          <Sender className="{_TRIBES}.transport.ReplicationTransmitter">
            <Transport className="{_TRIBES}.transport.nio.PooledParallelSender"/>
          </Sender>
          <Interceptor className="{interceptor}.TcpPingInterceptor" interval="1000"/>
          <Interceptor className="{interceptor}.TcpFailureDetector"/>
          <Interceptor className="{interceptor}.MessageDispatchInterceptor"/>
          <Interceptor className="{interceptor}.StaticMembershipInterceptor">
            {_member("LocalMember", numbers[machine.name])}
            {others}
          </Interceptor>
        </Channel>
        <Valve className="{cluster}.tcp.ReplicationValve" filter=".*\\.(gif|js|jpg|png|css|txt)$"/>
        <Valve className="{cluster}.session.JvmRouteBinderValve"/>
        <ClusterListener className="{cluster}.session.ClusterSessionListener"/>
      </Cluster>
      <Realm className="org.apache.catalina.realm.LockOutRealm">
        <Realm className="org.apache.catalina.realm.UserDatabaseRealm" resourceName="UserDatabase"/>
      </Realm>
      <Host name="localhost" appBase="webapps" unpackWARs="true" autoDeploy="false" deployOnStartup="true"
        startStopThreads="2">
        <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs" prefix="access"
          suffix=".log" pattern="%h %t &quot;%r&quot; %s %b %D %S"/>
      </Host>
    </Engine>
  </Service>
</Server>
"""
