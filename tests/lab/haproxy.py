"""An HAProxy node of the lab: one server of its write pool is ready, the runtime API says which."""

from __future__ import annotations

import csv
import io
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.host import Machine, Service

PORT = 3306
BACKEND = "mysql_write"
READ_BACKEND = "mysql_read"


class Haproxy(Service):
    """`servers`: name to address of the databases; the first one begins as the one that is ready. `checks`:
    the lines that say how they are checked."""

    name = "haproxy"

    def __init__(self, machine: Machine, servers: Mapping[str, str], checks: str) -> None:
        super().__init__(machine)
        folder = machine.folder
        self.socket = str(folder / "haproxy.sock")
        self.config = folder / "haproxy.cfg"
        self.state_file = folder / "haproxy.state"
        first, *_ = servers
        write = [
            f"    server {name} {address}:3306 check{'' if name == first else ' disabled'}"
            for name, address in servers.items()
        ]
        read = [f"    server {name} {address}:3306 check" for name, address in servers.items()]
        checks += (
            "    default-server inter 500ms fastinter 100ms downinter 500ms rise 2 fall 3 "
            "on-marked-down shutdown-sessions\n"
        )
        self.config.write_text(
            f"""global
    log stdout format raw daemon
    stats socket {self.socket} mode 600 level admin expose-fd listeners
    stats timeout 30s
    maxconn 2000
    hard-stop-after 5s
    server-state-file {self.state_file}

defaults
    log global
    mode tcp
    option dontlognull
    option redispatch
    retries 3
    timeout connect 2s
    timeout client 1h
    timeout server 1h
    timeout queue 5s
    timeout check 1s
    load-server-state-from-file global

listen {BACKEND}
    bind {machine.address}:{PORT}
{checks}{chr(10).join(write)}

listen {READ_BACKEND}
    bind {machine.address}:3307
    balance leastconn
{checks}{chr(10).join(read)}
""",
            "utf-8",
        )

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/haproxy", "-db", "-f", str(self.config)]

    def answers(self) -> bool:
        try:
            return bool(self.say("show info"))
        except OSError:
            return False

    def say(self, line: str) -> str:
        """Sends a line to the runtime API."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(self.socket)
            connection.sendall(line.encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def save_state(self) -> None:
        """Keeps what was set at run time for the next reload."""
        Path(self.state_file).write_text(self.say("show servers state"), "utf-8")

    def lead_to(self, name: str, others: Sequence[str]) -> None:
        """Makes `name` the one server that takes writes."""
        self.say(f"set server {BACKEND}/{name} state ready")
        for other in others:
            self.say(f"set server {BACKEND}/{other} state maint")
            self.say(f"shutdown sessions server {BACKEND}/{other}")
        self.save_state()

    @contextmanager
    def failing_over(self) -> Iterator[None]:
        """Set up as in many places, in the block: the server that is not ready is a `backup`, so that this
        node moves writes by itself."""
        safe = self.config.read_text("utf-8")
        self._restart(safe.replace(" check disabled", " check backup"))
        try:
            yield
        finally:
            self._restart(safe)

    def _restart(self, config: str) -> None:
        self.stop()
        Path(self.state_file).unlink(missing_ok=True)
        self.config.write_text(config, "utf-8")
        self.start()

    def states(self, backend: str = BACKEND) -> dict[str, str]:
        """The state of each server of a pool: `UP`, `DOWN`, `MAINT` ..."""
        rows = csv.DictReader(io.StringIO(self.say("show stat").lstrip("# ")))
        return {row["svname"]: row["status"] for row in rows if row["pxname"] == backend}
