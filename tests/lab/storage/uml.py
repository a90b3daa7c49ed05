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

from tests.lab.host import LONG, LabError, child_of
from tests.lab.reached import Reached
from tests.lab.storage.network import BACK, FRONT, Network

FILES = Path(__file__).parent / "files"
_EXECUTABLE = ("/resource.d/", "/sbin/")


class UmlHost(Reached):
    """One host. `number` is the last part of its addresses, 10.81.0.N in front and 10.82.0.N in the back."""

    def __init__(
        self, name: str, number: int, network: Network, image: Path, preload: Path, folder: Path
    ) -> None:
        super().__init__(name, f"10.81.0.{number}", network, folder)
        self._preload = preload
        self.taps = {FRONT: f"{name}-{FRONT}", BACK: f"{name}-{BACK}"}
        self._image = image
        self._outer: subprocess.Popen[bytes] | None = None
        (self.folder / "address").write_text(self.address, "ascii")
        for bridge, tap in self.taps.items():
            network.plug(tap, bridge)

    def prepare(self, disk_mib: int) -> None:
        """Its configuration, and an empty disk of so many MiB."""
        key = self.client_key.with_suffix(".pub").read_text("ascii")
        host_key = (self.folder / "host_key").read_text("ascii")
        own = {"root/.ssh/authorized_keys": key, "etc/ssh/ssh_host_ed25519_key": host_key}
        _archive(self.folder / "files.tar", own)
        with (self.folder / "disk").open("wb") as disk:
            disk.truncate(disk_mib << 20)

    def power_on(self, memory: str = "224M") -> None:
        log, disks = self.console, self.folder
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
        # It comes first on a busy computer: heartbeat loses messages where its host is kept waiting.
        alone = (
            "nice", "-n", "-20", "setpriv", "--pdeathsig", "KILL",
            "unshare", "--fork", "--pid", "--mount-proc", "--kill-child",
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
