"""Zabbix of the lab: its server, its database and its frontend on mon1, an agent on every other machine.

Debian's server refuses Debian's MariaDB unless it is told not to (`AllowUnsupportedDBVersions`). The server's
timeouts are short: what they are by default takes minutes.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
import socket
import struct
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab.host import LabError, Machine, Service
from tests.lab.platform import Lab
from tests.lab.profile import write_profile

NUMBER = 30
"""The last part of mon1's address."""
USER, PASSWORD = "Admin", "zabbix"
API_PORT, AGENT_PORT, SERVER_PORT = 8083, 10050, 10051
SCHEMA = Path("/usr/share/zabbix-server-mysql")
FRONTEND = Path("/usr/share/zabbix")
AGENT_FOLDER = "/etc/zabbix/zabbix_agentd.conf.d"
PLACES = (AGENT_FOLDER, "/etc/sudoers.d", "/etc/systemd/system", "/usr/local/sbin")
"""What a machine with an agent has of its own."""
HOST_GROUP = "2"
"""`Linux servers`, which every Zabbix has."""


class Store(Service):
    """The database of Zabbix: what a crash would lose is lost."""

    name = "mariadbd"

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        folder = machine.folder
        self.socket = folder / "mysql.sock"
        self._config = folder / "my.cnf"
        shutil.chown(folder, "mysql", "mysql")
        self._config.write_text(
            f"""[mariadbd]
user=mysql
datadir={folder}/data
socket={self.socket}
pid-file={folder}/mysql.pid
skip-networking
skip-log-bin
character-set-server=utf8mb4
collation-server=utf8mb4_bin
innodb_buffer_pool_size=128M
innodb_log_file_size=32M
innodb_flush_log_at_trx_commit=0
innodb_doublewrite=0
performance_schema=OFF
""",
            "utf-8",
        )

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/mariadbd", f"--defaults-file={self._config}"]

    def answers(self) -> bool:
        return self._ask(["-e", "SELECT 1"]).returncode == 0

    def _ask(self, arguments: Sequence[str], text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["mariadb", "--no-defaults", "-uroot", f"--socket={self.socket}", *arguments]
        return subprocess.run(command, input=text, capture_output=True)

    def make(self) -> None:
        """Its data directory."""
        made = subprocess.run(
            ["mariadb-install-db", f"--defaults-file={self._config}", "--skip-test-db",
             "--auth-root-authentication-method=normal"], capture_output=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if made.returncode:
            raise LabError(f"mariadb-install-db on {self.machine.name}: {made.stderr.decode()[-2000:]}")

    def fill(self) -> None:
        """Zabbix's tables and what they hold at first. The stock host watches nothing here: it is off."""
        statements = (
            "CREATE DATABASE zabbix CHARACTER SET utf8mb4 COLLATE utf8mb4_bin; "
            "CREATE USER zabbix@localhost IDENTIFIED BY 'zabbix'; GRANT ALL ON zabbix.* TO zabbix@localhost"
        )
        texts = [
            gzip.decompress((SCHEMA / f"{part}.sql.gz").read_bytes()) for part in ("schema", "images", "data")
        ]
        whole = [(["-e", statements], b""), *((["zabbix"], text) for text in texts)]
        whole.append((["zabbix", "-e", "UPDATE hosts SET status = 1 WHERE hostid = 10084"], b""))
        for arguments, text in whole:
            done = self._ask(arguments, text)
            if done.returncode:
                raise LabError(f"the database of Zabbix: {done.stderr.decode()[-2000:]}")


class Server(Service):
    """zabbix_server."""

    name = "zabbix_server"

    def __init__(self, machine: Machine, store: Store) -> None:
        super().__init__(machine)
        self._config = machine.folder / "zabbix_server.conf"
        self.run = machine.folder / "run"
        self.run.mkdir()
        shutil.chown(self.run, "zabbix", "zabbix")
        self._config.write_text(
            f"""ListenIP={machine.address}
SourceIP={machine.address}
LogType=console
PidFile={self.run}/server.pid
SocketDir={self.run}
DBHost=localhost
DBSocket={store.socket}
DBName=zabbix
DBUser=zabbix
DBPassword=zabbix
StartPollers=4
StartPollersUnreachable=1
StartTrappers=2
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartTimers=1
StartEscalators=1
StartAlerters=1
StartPreprocessors=1
StartDBSyncers=1
StartLLDProcessors=1
StartHistoryPollers=1
HousekeepingFrequency=0
CacheUpdateFrequency=1
Timeout=4
UnreachablePeriod=15
UnavailableDelay=10
UnreachableDelay=5
StatsAllowedIP=127.0.0.0/8
AllowUnsupportedDBVersions=1
""",
            "utf-8",
        )

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/zabbix_server", "-f", "-c", str(self._config)]

    def answers(self) -> bool:
        return _listens(self.machine, SERVER_PORT)


class Frontend(Service):
    """The API, by PHP's own web server."""

    name = "frontend"

    def __init__(self, machine: Machine, store: Store) -> None:
        super().__init__(machine)
        self.url = f"http://{machine.address}:{API_PORT}/api_jsonrpc.php"
        self._folder = machine.folder / "web"
        shutil.copytree(FRONTEND, self._folder, symlinks=True)
        config = machine.folder / "zabbix.conf.php"
        place = self._folder / "include/classes/core/CConfigFile.php"
        place.write_text(
            place.read_text("utf-8").replace("/etc/zabbix/zabbix.conf.php", str(config)), "utf-8"
        )
        config.write_text(
            f"""<?php
$DB['TYPE']='MYSQL'; $DB['SERVER']='localhost'; $DB['PORT']='0'; $DB['DATABASE']='zabbix';
$DB['USER']='zabbix'; $DB['PASSWORD']='zabbix'; $DB['SCHEMA']=''; $DB['ENCRYPTION']=false;
$DB['KEY_FILE']=''; $DB['CERT_FILE']=''; $DB['CA_FILE']=''; $DB['VERIFY_HOST']=false; $DB['CIPHER_LIST']='';
$DB['VAULT_URL']=''; $DB['VAULT_DB_PATH']=''; $DB['VAULT_TOKEN']=''; $DB['DOUBLE_IEEE754']=true;
$ZBX_SERVER='{machine.address}'; $ZBX_SERVER_PORT='10051'; $ZBX_SERVER_NAME='lab';
$IMAGE_FORMAT_DEFAULT=IMAGE_FORMAT_PNG;
""",
            "utf-8",
        )
        self._socket = store.socket

    def command(self) -> Sequence[str]:
        settings = {
            "mysqli.default_socket": self._socket, "post_max_size": "16M", "max_execution_time": 300,
            "max_input_time": 300, "memory_limit": "256M", "date.timezone": "UTC", "opcache.enable_cli": 1,
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-d", f"{name}={value}")]
        where = f"{self.machine.address}:{API_PORT}"
        return [
            "env",
            "PHP_CLI_SERVER_WORKERS=3",
            "/usr/bin/php8.2",
            *options,
            "-S",
            where,
            "-t",
            str(self._folder),
        ]

    def answers(self) -> bool:
        try:
            return bool(self.call("apiinfo.version", {}))
        except OSError:
            return False

    def call(self, method: str, parameters: object, auth: str = "") -> Any:
        """The result of one call; LabError with what Zabbix says otherwise."""
        body = {
            "jsonrpc": "2.0",
            "method": method,
            "params": parameters,
            "id": 1,
            **({"auth": auth} if auth else {}),
        }
        request = urllib.request.Request(
            self.url, json.dumps(body).encode(), {"Content-Type": "application/json-rpc"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            said = json.load(answer)
        if "error" in said:
            raise LabError(f"{method}: {said['error'].get('data')}")
        return said["result"]


_SYSTEMCTL = """#!/bin/sh
# The service manager of a machine without systemd, for what Zabbix's robots and runbooks ask of it.
again() {{
    name=$1
    shift
    pkill -TERM -x "$name"
    for try in $(seq 100); do pgrep -x "$name" >/dev/null || break; sleep 0.05; done
    pkill -KILL -x "$name"
    cd {folder} && setsid "$@" </dev/null >>{folder}/again.out 2>&1 9>&- &
}}
case "$*" in
daemon-reload) ;;
"restart zabbix-agent") again zabbix_agentd {agent};;
{service}
*) exec {folder}/bin/systemctl.own "$@";;
esac
"""


class Agent(Service):
    """zabbix_agentd on one machine, where `service` may be restarted. The machine gets folders of its own for
    what belongs to its agent and its robot."""

    name = "zabbix_agentd"

    def __init__(self, machine: Machine, server: str, service: Service | None) -> None:
        super().__init__(machine)
        own = machine.folder / "zabbix"
        for place in PLACES:
            folder = own / place.replace("/", "_")
            folder.mkdir(parents=True)
            if machine.run("mount", "--bind", str(folder), place):
                raise LabError(f"cannot mount {place} on {machine.name}")
        names = own / "hosts"
        names.write_text(f"127.0.0.1 localhost\n{machine.address} {machine.name}\n", "ascii")
        machine.run("mount", "--bind", str(names), "/etc/hosts")
        self.folder = own / "run"
        self.folder.mkdir()
        shutil.chown(self.folder, "zabbix", "zabbix")
        self._config = own / "zabbix_agentd.conf"
        self._config.write_text(
            f"""Hostname={machine.name}
ListenIP={machine.address}
SourceIP={machine.address}
Server={server}
StartAgents=2
PidFile={self.folder}/agent.pid
LogType=console
Include={AGENT_FOLDER}/*.conf
""",
            "utf-8",
        )
        self._put_manager(service)

    def _put_manager(self, service: Service | None) -> None:
        """The machine's service manager knows the agent and `service`, too: first in PATH, sudo's as well."""
        folder = self.machine.folder
        (folder / "bin").mkdir(exist_ok=True)
        manager = folder / "bin" / "systemctl"
        if manager.exists():
            manager.rename(manager.with_suffix(".own"))
        line = ""
        if service is not None:
            line = f'"restart {service.name}") again {service.name} {shlex.join(service.command())};;'
        text = _SYSTEMCTL.format(folder=folder, agent=shlex.join(self.command()), service=line)
        manager.write_text(text, "utf-8")
        manager.chmod(0o755)
        (folder / "zabbix" / "_usr_local_sbin" / "systemctl").symlink_to(manager)

    def take_away(self) -> None:
        """It ends, and its machine is as it was."""
        self.machine.run("sh", "-c", f"pkill -KILL -x zabbix_agentd; umount /etc/hosts {' '.join(PLACES)}")
        manager = self.machine.folder / "bin" / "systemctl"
        manager.unlink()
        own = manager.with_suffix(".own")
        if own.exists():
            own.rename(manager)

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/zabbix_agentd", "-f", "-c", str(self._config)]

    def answers(self) -> bool:
        return _listens(self.machine, AGENT_PORT)


def _listens(machine: Machine, port: int) -> bool:
    try:
        socket.create_connection((machine.address, port), 1.0).close()
    except OSError:
        return False
    return True


class Zabbix:
    """Zabbix beside a platform. `profile` is the platform's with its monitoring; `times` are seconds, `hosts`
    Zabbix's numbers of the platform's machines."""

    def __init__(self, lab: Lab, folder: Path, address: str) -> None:
        self.lab, self.folder = lab, folder
        self.machine = Machine("mon1", address, folder)
        self.profile = folder / "profile.yaml"
        self.agents: dict[str, Agent] = {}
        self.times: dict[str, float] = {}
        self.hosts: list[str] = []
        self._auth = ""
        self.store: Store
        self.server: Server
        self.frontend: Frontend

    def __enter__(self) -> Zabbix:
        try:
            self._build()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _build(self) -> None:
        self.machine.power_on()
        self.store = Store(self.machine)
        self.store.make()
        self.times["database"] = self.store.start()
        self.store.fill()
        self.server, self.frontend = Server(self.machine, self.store), Frontend(self.machine, self.store)
        restarted: dict[str, Service] = {"web1": self.lab.nginx, **self.lab.balancers}
        for name, machine in self.lab.machines.items():
            self.agents[name] = Agent(machine, self.machine.address, restarted.get(name))
        services: list[Service] = [self.server, self.frontend, *self.agents.values()]
        for service in services:
            service.begin()
        for service in services:
            self.times[f"{service.machine.name} {service.name}"] = service.ready()
        self._auth = str(self.frontend.call("user.login", {"username": USER, "password": PASSWORD}))
        for name, agent in self.agents.items():
            host, _ = self.make_host(name, agent.machine, HOST_GROUP, AGENT_PORT)
            self.hosts.append(host)
        monitoring = {
            "service": {
                "url": f"http://{self.machine.address}:{API_PORT}",
                "user": USER,
                "password": f"file:{self.folder / 'zabbix'}",
            },
        }
        (self.folder / "zabbix").write_text(PASSWORD, "ascii")
        (self.folder / "zabbix").chmod(0o600)
        write_profile(self.profile, {**self.lab.described(), "monitoring": monitoring})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The agents end, their machines are as before, and mon1 loses its power."""
        for agent in self.agents.values():
            agent.take_away()
        self.machine.power_off()

    def call(self, method: str, parameters: object) -> Any:
        return self.frontend.call(method, parameters, self._auth)

    def make_host(self, name: str, machine: Machine, group: str, port: int) -> tuple[str, str]:
        """A host of Zabbix whose agent is that of `machine`: its number, and its interface's."""
        interface = {"type": 1, "main": 1, "useip": 1, "ip": machine.address, "dns": "", "port": str(port)}
        made = {"host": name, "groups": [{"groupid": group}], "interfaces": [interface]}
        (host,) = self.call("host.create", made)["hostids"]
        (row,) = self.call("hostinterface.get", {"hostids": host, "output": ["interfaceid"]})
        return host, row["interfaceid"]

    def send(self, host: str, values: Mapping[str, int]) -> int:
        """Sends values to trapper items ("Zabbix sender protocol"); gives how many were taken."""
        data = [{"host": host, "key": key, "value": str(value)} for key, value in values.items()]
        body = json.dumps({"request": "sender data", "data": data}).encode()
        with socket.create_connection((self.machine.address, SERVER_PORT), 5.0) as connection:
            connection.sendall(b"ZBXD\x01" + struct.pack("<II", len(body), 0) + body)
            said = b"".join(iter(lambda: connection.recv(65536), b""))
        taken = re.search(rb"processed: (\d+);", said)
        return int(taken[1]) if taken else 0

    def problems(self) -> dict[str, str]:
        """The problems that are open: event id to name. A full disk of this computer does not count."""
        tags = [{"tag": "component", "value": "disk", "operator": 3}]
        rows = self.call("problem.get", {"output": ["eventid", "name"], "tags": tags})
        return {row["eventid"]: row["name"] for row in rows}

    def commands(self) -> list[dict[str, str]]:
        """The remote commands that were run, oldest first."""
        question = {
            "output": ["alertid", "status", "error", "message", "clock", "eventid"],
            "filter": {"alerttype": 1},
        }
        return list(self.call("alert.get", {**question, "sortfield": "alertid"}))
