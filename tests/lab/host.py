"""Machines of the lab: a loopback address, and a process table, mounts and a host name of their own.

A machine is a set of Linux namespaces (pid, mount, uts) around a process that only waits. When that ends,
or the test run dies (PR_SET_PDEATHSIG), the kernel kills everything inside: nothing is ever left behind.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals

LONG = 60.0
"""Seconds after which something in the lab has failed, on the slowest machine."""
_NAP = 0.02
_CALM = {"loadavg": "0.00 0.00 0.00 1/100 1\n", "uptime": "2592000.00 5000000.00\n"}
_PLAIN = (
    "for f in .bashrc .bash_profile .profile; do "
    'if [ -e "$HOME/$f" ]; then mount --bind /dev/null "$HOME/$f"; fi; done'
)
"""bash(1) reads its start-up files for sshd, too: those of whoever runs the lab are none of the machine's."""
_INIT = "while :; do sleep 86400 & wait $!; done"


class LabError(RuntimeError):
    """Something of the lab does not do what it should; the message says what, with the end of its log."""


def wait_for(
    what: str,
    holds: Callable[[], bool],
    seconds: float = LONG,
    log: Path | None = None,
    *,
    every: float = _NAP,
) -> float:
    """Waits until `holds()`, which is asked `every` so many seconds; gives the seconds that took. Raises
    LabError when it never does."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds:
            raise LabError(f"waited {seconds:g}s in vain: {what}{end_of(log)}")
        time.sleep(every)
    return time.monotonic() - started


def end_of(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    return "\n" + log.read_text("utf-8", "replace")[-3000:]


def child_of(pid: int) -> int:
    """The first child of a process, 0 when it has none (yet)."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return 0
    return int(children[0]) if children else 0


class Process:
    """A program that runs on a machine of the lab. `pid` is its number as the test run sees it."""

    def __init__(self, entered: subprocess.Popen[bytes], name: str, log: Path) -> None:
        self._entered = entered
        self.name, self.log = name, log
        wait_for(f"{name} to be started", lambda: bool(child_of(entered.pid)) or not self.running)
        self.pid = child_of(entered.pid)

    @property
    def running(self) -> bool:
        return self._entered.poll() is None

    def signal(self, number: Signals) -> None:
        if self.running and self.pid:
            os.kill(self.pid, number)
            if number is SIGCONT:
                # nsenter(1) stops itself with its program, and would not see it end.
                os.kill(self._entered.pid, SIGCONT)

    def stands_still(self) -> bool:
        """Whether each of its threads is stopped (proc_pid_status(5), `State`)."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return all("\nState:\tT" in (thread / "status").read_text("ascii", "replace") for thread in threads)

    def end(self, number: Signals = SIGTERM, seconds: float = LONG) -> None:
        """Sends `number` (SIGKILL when that does not help) and waits until it is gone."""
        self.signal(SIGCONT)
        self.signal(number)
        try:
            self._entered.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(SIGKILL)
            self._entered.wait(LONG)


class Machine:
    """One machine. `folder` holds what its services write."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        self.name, self.address = name, address
        self.folder = folder / name
        self._init: subprocess.Popen[bytes] | None = None
        self._entered: list[subprocess.Popen[bytes]] = []

    def power_on(self) -> None:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        # As on any host, locks are its own, and gone with a power cut.
        locks = "mkdir -p /run/lock && mount -t tmpfs -o mode=1777 locks /run/lock"
        # The load is that of all machines together, and of whatever else this computer does: it is nobody's.
        # Nor did a machine boot when this computer did: that may be minutes ago.
        calm = " && ".join(self._told(file, text) for file, text in _CALM.items())
        inside = f"hostname {self.name}; {locks} && {calm} && {_PLAIN} && {_INIT}"
        with (self.folder / "machine.out").open("ab") as output:
            self._init = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--mount-proc", "--uts", "--fork",
                 "--kill-child", "--", "sh", "-c", inside],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        init = self._init
        wait_for(f"{self.name} to be powered on", lambda: bool(child_of(init.pid)) or init.poll() is not None)
        if init.poll() is not None:
            raise LabError(
                "the lab makes namespaces (unshare): it needs root, and a kernel that lets root do it"
            )

    def _told(self, file: str, text: str) -> str:
        """The command that has the machine's kernel tell `text` in a file of /proc."""
        own = self.folder / file
        own.write_text(text, "ascii")
        return f"mount --bind {shlex.quote(str(own))} /proc/{file}"

    def power_off(self) -> None:
        """At once, as a power cut: everything on it is killed."""
        if self._init is not None:
            init, self._init = self._init, None
            os.kill(child_of(init.pid) or init.pid, SIGKILL)
            for entered in self._entered:
                if entered.poll() is None:
                    os.kill(entered.pid, SIGCONT)
            init.wait(LONG)
            while self._entered:
                self._entered.pop().wait(LONG)

    def _enter(self) -> list[str]:
        if self._init is None:
            raise LabError(f"{self.name} is powered off")
        return ["nsenter", f"--target={child_of(self._init.pid)}", "--pid", "--mount", "--uts", "--"]

    def run(self, *command: str) -> int:
        """Runs a command on it to its end; gives the exit status."""
        return subprocess.run([*self._enter(), *command], stdin=subprocess.DEVNULL, timeout=LONG).returncode

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Process:
        """Starts a program that stays in the foreground; its output goes to `NAME.out` in `folder`."""
        log = self.folder / f"{name}.out"
        with log.open("ab") as output:
            entered = subprocess.Popen(
                [*self._enter(), *command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder,
                env={"PATH": os.defpath, "LANG": "C.UTF-8", **(environment or {})}, start_new_session=True,
            )  # fmt: skip
        self._entered = [one for one in self._entered if one.poll() is None] + [entered]
        return Process(entered, f"{self.name}/{name}", log)


class Service:
    """A program of one machine that can be started, stopped, killed and held."""

    name = ""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.process: Process | None = None

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it does its work."""
        raise NotImplementedError

    @property
    def log(self) -> Path:
        return self.machine.folder / f"{self.name}.out"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.running

    def begin(self) -> None:
        """Starts it, and does not wait."""
        if not self.running:
            self.process = self.machine.start(self.name, self.command())

    def ready(self) -> float:
        """Waits until it does its work; gives the seconds that took."""

        def settled() -> bool:
            if not self.running:
                raise LabError(f"{self.machine.name}/{self.name} ended by itself{end_of(self.log)}")
            return self.answers()

        return wait_for(f"{self.machine.name}/{self.name} to answer", settled, log=self.log)

    def start(self) -> float:
        self.begin()
        return self.ready()

    def stop(self) -> None:
        """In good order."""
        if self.process is not None:
            self.process.end(SIGTERM)

    def kill(self) -> None:
        """As a crash does."""
        if self.process is not None:
            self.process.end(SIGKILL)

    def pause(self) -> None:
        """It keeps its connections and answers nothing more, until `resume`."""
        if self.process is not None:
            self.process.signal(SIGSTOP)
            # On a busy computer a thread may answer for a while.
            wait_for(f"{self.process.name} to stand still", self.process.stands_still)

    def resume(self) -> None:
        if self.process is not None:
            self.process.signal(SIGCONT)
