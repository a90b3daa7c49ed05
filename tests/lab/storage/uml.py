"""A host that is a User-Mode-Linux process: its own kernel, disks and network cards."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

from tests.lab.host import LONG, LabError, child_of, end_of, wait_for
from tests.lab.sshd import make_key
from tests.lab.storage.network import BACK, FRONT, Network

FILES = Path(__file__).parent / "files"
_EXECUTABLE = ("/resource.d/", "/sbin/")


class UmlHost:
    """One host. `number` is the last part of its addresses, 10.81.0.N in front and 10.82.0.N in the back."""

    def __init__(
        self, name: str, number: int, network: Network, image: Path, preload: Path, folder: Path
    ) -> None:
        self._preload = preload
        self.name, self.network = name, network
        self.address = f"10.81.0.{number}"
        self.folder = folder / name
        self.folder.mkdir()
        self.taps = {FRONT: f"{name}-{FRONT}", BACK: f"{name}-{BACK}"}
        self._console = self.folder / "console.out"
        self._image = image
        self._outer: subprocess.Popen[bytes] | None = None
        self.host_key = " ".join(make_key(self.folder / "host_key").split()[:2])
        self._client_key = folder / "client_key"
        (self.folder / "known_hosts").write_text(f"{self.address} {self.host_key}\n", "ascii")
        (self.folder / "address").write_text(self.address, "ascii")
        for bridge, tap in self.taps.items():
            network.plug(tap, bridge)

    def prepare(self, disk_mib: int) -> None:
        """Its configuration, and an empty disk of so many MiB."""
        key = self._client_key.with_suffix(".pub").read_text("ascii")
        host_key = (self.folder / "host_key").read_text("ascii")
        own = {"root/.ssh/authorized_keys": key, "etc/ssh/ssh_host_ed25519_key": host_key}
        _archive(self.folder / "files.tar", own)
        with (self.folder / "disk").open("wb") as disk:
            disk.truncate(disk_mib << 20)

    def power_on(self, memory: str = "224M") -> None:
        log, disks = self._console, self.folder
        cards = enumerate(self.taps.values())
        kernel = [
            "env", f"LD_PRELOAD={self._preload}", "/usr/bin/linux.uml",
            f"umid={self.name}", f"uml_dir={self.folder}", f"mem={memory}",
            f"ubda={disks / 'root.cow'},{self._image}", f"ubdb={disks / 'disk'}",
            f"ubdc={disks / 'files.tar'}", "root=/dev/ubda", "rw",
            *(f"vec{n}:transport=tap,ifname={tap},depth=128,gro=1" for n, tap in cards),
            f"lab.host={self.name}", f"lab.address={self.address}/24",
            "con=null", "con0=null,fd:2", "con1=fd:0,fd:1", "ssl=null", "quiet",
        ]  # fmt: skip
        alone = (
            "setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--pid", "--mount-proc", "--kill-child",
        )  # fmt: skip
        with log.open("ab") as output:
            self._outer = subprocess.Popen(
                self.network.inside(*alone, "--", *kernel),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def powered(self) -> bool:
        return self._outer is not None and self._outer.poll() is None

    def ready(self, seconds: float = LONG) -> float:
        """Waits until it lets in; gives the seconds that took."""

        def lets_in() -> bool:
            if not self.powered:
                raise LabError(f"{self.name} ended by itself{end_of(self._console)}")
            return self.ssh("true", deadline=5.0, check=False).returncode == 0

        return wait_for(f"{self.name} to let in", lets_in, seconds, self._console, every=0.3)

    def power_off(self) -> None:
        """At once, as a power cut."""
        outer, self._outer = self._outer, None
        if outer is None:
            return
        if inner := child_of(outer.pid):
            os.kill(inner, SIGKILL)
        outer.wait(LONG)

    def freeze(self) -> None:
        """Its processors stand still: it answers nothing, and goes on later as if nothing had been."""
        self._signal(SIGSTOP)

    def thaw(self) -> None:
        self._signal(SIGCONT)

    def _signal(self, number: int) -> None:
        if self._outer is None:
            raise LabError(f"{self.name} is powered off")
        os.kill(child_of(self._outer.pid), number)

    def command(self, text: str) -> list[str]:
        """The command line that runs `text` on it as root."""
        options = ("BatchMode=yes", "ConnectTimeout=3", f"UserKnownHostsFile={self.folder / 'known_hosts'}")
        line = ["ssh", "-q", "-i", str(self._client_key), *(word for one in options for word in ("-o", one))]
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

    def says(self, command: str) -> str:
        return self.ssh(command).stdout.strip()


def _archive(file: Path, own: Mapping[str, str]) -> None:
    """The tree under `files` and the host's own files, as root's, in the tar that a host unpacks first."""
    with tarfile.open(file, "w") as archive:
        for source in sorted(FILES.rglob("*")):
            if source.is_file():
                name = source.relative_to(FILES).as_posix()
                runs = any(folder in name for folder in _EXECUTABLE)
                mode = 0o600 if name.endswith("authkeys") else 0o755 if runs else 0o644
                _add(archive, name, source.read_bytes(), mode)
        for name, text in own.items():
            _add(archive, name, text.encode(), 0o600)


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), mode, int(time.time())
    archive.addfile(entry, io.BytesIO(content))
