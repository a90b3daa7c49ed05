"""A host in a network of the lab's own, which is logged in to by SSH."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.host import LONG, LabError, end_of, wait_for
from tests.lab.sshd import make_key
from tests.lab.storage.network import Network


class Reached:
    """Its key pair for logging in is `client_key` in `folder`; its own files lie in a folder of its name."""

    def __init__(self, name: str, address: str, network: Network, folder: Path) -> None:
        self.name, self.address, self.network = name, address, network
        self.folder = folder / name
        self.folder.mkdir()
        self.client_key = folder / "client_key"
        self.console = self.folder / "console.out"
        self.host_key = " ".join(make_key(self.folder / "host_key").split()[:2])
        (self.folder / "known_hosts").write_text(f"{address} {self.host_key}\n", "ascii")

    @property
    def powered(self) -> bool:
        raise NotImplementedError

    def ready(self, seconds: float = LONG) -> float:
        """Waits until it lets in; gives the seconds that took."""

        def lets_in() -> bool:
            if not self.powered:
                raise LabError(f"{self.name} ended by itself{end_of(self.console)}")
            return self.ssh("true", deadline=5.0, check=False).returncode == 0

        return wait_for(f"{self.name} to let in", lets_in, seconds, self.console, every=0.3)

    def command(self, text: str) -> list[str]:
        """The command line that runs `text` on it as root."""
        options = (
            "BatchMode=yes", "ConnectTimeout=3", f"UserKnownHostsFile={self.folder / 'known_hosts'}",
            # One login for many commands: on a slow host each costs a second. It ends with its host.
            "ControlMaster=auto", f"ControlPath={self.folder / 'ssh'}", "ControlPersist=60",
            "ServerAliveInterval=1", "ServerAliveCountMax=3",
        )  # fmt: skip
        line = ["ssh", "-q", "-i", str(self.client_key), *(word for one in options for word in ("-o", one))]
        return [*self.network.inside(*line, f"root@{self.address}", text)]

    def ssh(
        self, text: str, deadline: float = LONG, *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command on it as root."""
        line = self.command(text)
        try:
            done = subprocess.run(
                line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=deadline
            )
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(line, 255, "", f"no answer within {deadline:g}s")
        if check and done.returncode:
            raise LabError(f"{self.name}: {text}: {(done.stderr or done.stdout).strip()}")
        return done

    def comes_in(self) -> bool:
        """Whether a login of its own gets in within some seconds."""
        alone = ["-o", "ControlPath=none", "-o", "ConnectTimeout=2"]
        line = self.command("true")
        at = line.index("ssh") + 1
        done = subprocess.run([*line[:at], *alone, *line[at:]], stdin=subprocess.DEVNULL, capture_output=True)
        return done.returncode == 0

    def says(self, command: str) -> str:
        return self.ssh(command).stdout.strip()

    @property
    def login(self) -> dict[str, str]:
        """How a profile says that it is reached."""
        return {
            "address": self.address,
            "user": "root",
            "host_key": self.host_key,
            "identity": str(self.client_key),
        }
