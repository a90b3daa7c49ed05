"""A network of the lab's own: two bridges in a network namespace that ends with the process that holds it."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

from tests.lab.host import LONG, LabError, wait_for

FRONT, BACK = "front", "back"
"""The bridge of clients, management and the first heartbeat link; that of DRBD and the second one."""
GATEWAY = "10.81.0.1"
_CLONE_NEWNET = 0x40000000


class Network:
    """The namespace, as long as the block lasts. Nothing outside sees its addresses, whatever they are."""

    def __enter__(self) -> Network:
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--", "sleep", "infinity"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        outside = os.readlink("/proc/self/ns/net")
        wait_for("a network namespace", lambda: os.readlink(self.namespace) != outside)
        self.run("ip", "link", "set", "lo", "up")
        for bridge in (FRONT, BACK):
            self.run("ip", "link", "add", bridge, "type", "bridge", "forward_delay", "0", "stp_state", "0")
            self.run("ip", "link", "set", bridge, "up")
        self.run("ip", "addr", "add", f"{GATEWAY}/24", "dev", FRONT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder.kill()
        self._holder.wait(LONG)

    @property
    def namespace(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    def inside(self, *command: str) -> Sequence[str]:
        """The command line that runs `command` in here."""
        return ["nsenter", f"--net={self.namespace}", "--", *command]

    def run(self, *command: str) -> str:
        done = subprocess.run(
            self.inside(*command), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONG
        )
        if done.returncode:
            raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def plug(self, tap: str, bridge: str) -> None:
        """A cable for a host: its end `tap`, in `bridge`."""
        self.run("ip", "tuntap", "add", "dev", tap, "mode", "tap")
        self.run("ip", "link", "set", tap, "master", bridge, "up")

    def wire(self, name: str, pid: int, bridge: str) -> None:
        """A cable from `bridge` to the network namespace of the process `pid`, which calls it eth0."""
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        self.run("ip", "link", "set", name, "master", bridge, "up")

    def isolate(self, taps: Sequence[str], on: bool) -> None:
        """Whether hosts at these cables hear each other no more; everybody else still hears them."""
        for tap in taps:
            self.run("bridge", "link", "set", "dev", tap, "isolated", "on" if on else "off")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and what it starts, is in here as long as the block lasts."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as outside, open(self.namespace, "rb") as inside:
            _enter(libc, inside.fileno())
            try:
                yield
            finally:
                _enter(libc, outside.fileno())


def _enter(libc: ctypes.CDLL, file: int) -> None:
    if libc.setns(file, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "the network namespace cannot be entered")
