"""A bare host: namespaces of its own around a root file system in memory, and systemd in them.

It boots anew when it is told so from inside, with the files that it had. When its process ends, or the test
run dies (PR_SET_PDEATHSIG), the kernel ends everything in it; its files, which lie in memory, go with its
mounts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from signal import SIGKILL

from tests.lab.built import built
from tests.lab.host import LONG, child_of, wait_for
from tests.lab.reached import Reached
from tests.lab.storage.network import FRONT, Network

HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".lab" / "bare"
SERVICES = ("mariadb", "haproxy", "nginx", "tomcat10")
INSTALLED = "debian"
"""What a host is called before somebody gives it a name."""
_QUIET = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
    "phpsessionclean.timer", "getty@.service", "console-getty.service", "systemd-networkd.service",
    "systemd-timesyncd.service", "systemd-logind.service", "systemd-udevd.service",
)  # fmt: skip
_CGROUP = """
mkdir -p "$1/cgroup" && mount --make-rprivate / && mount -t cgroup2 cgroup2 "$1/cgroup" || exit 1
mkdir -p "$1/cgroup/$2" && echo $$ >"$1/cgroup/$2/cgroup.procs" || exit 1
shift 2; exec "$@"
"""
_EMPTIED = """
mount --make-rprivate / && mount -t cgroup2 cgroup2 "$1/cgroup" || exit 1
find "$1/cgroup/$2" -depth -type d -exec rmdir {} \\; 2>/dev/null; true
"""
"""systemd needs a tree of control groups; they outlive what was in them, and are taken away at the end."""


def image() -> Path:
    """The root file system that all bare hosts begin with."""
    script = HERE / "image.sh"
    return built(CACHE, script, "", lambda new: [str(script), str(new)])


class BareHost(Reached):
    """One host; of Debian's services `runs` are left as their packages start them, the others are off."""

    def __init__(
        self, name: str, number: int, network: Network, folder: Path, runs: Iterable[str] = SERVICES
    ) -> None:
        super().__init__(name, f"10.81.0.{number}", network, folder)
        self._own = self.folder / "own"
        self._group = f"lab-{os.getpid()}-{name}"
        self._outer: subprocess.Popen[bytes] | None = None
        self._files(set(SERVICES) - set(runs))

    def _files(self, off: Iterable[str]) -> None:
        """What it has beside its packages: keys, and what does not run."""
        units = self._own / "etc/systemd/system"
        for folder in ("root/.ssh", "etc/ssh"):
            (self._own / folder).mkdir(parents=True)
        units.mkdir(parents=True)
        key = self.client_key.with_suffix(".pub").read_text("ascii")
        host_key = (self.folder / "host_key").read_text("ascii")
        for path, text in (("root/.ssh/authorized_keys", key), ("etc/ssh/ssh_host_ed25519_key", host_key)):
            (self._own / path).write_text(text, "ascii")
            (self._own / path).chmod(0o600)
        for unit in (*_QUIET, *(f"{one}.service" for one in off)):
            (units / unit).symlink_to("/dev/null")
        self._own.chmod(0o755)

    def bring(self, path: str, file: Path, mode: int = 0o600) -> None:
        """A file that it has when it is powered on, root's."""
        target = self._own / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        target.chmod(mode)

    def power_on(self) -> None:
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        boot = [str(HERE / "power.sh"), str(image()), str(state), str(self._own), INSTALLED, self.address]
        grouped = ("sh", "-c", _CGROUP, "sh", str(self.folder), self._group)
        with self.console.open("ab") as output:
            self._outer = outer = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", *grouped, *boot],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_for(f"{self.name} to be powered on", lambda: _alone(outer.pid), log=self.console)
        self.network.wire(self.name, outer.pid, FRONT)

    @property
    def powered(self) -> bool:
        return self._outer is not None and self._outer.poll() is None

    def power_off(self) -> None:
        """At once, as a power cut; what it had is gone."""
        outer, self._outer = self._outer, None
        if outer is None:
            return
        os.kill(child_of(child_of(outer.pid)) or outer.pid, SIGKILL)
        outer.wait(LONG)
        subprocess.run(
            ["unshare", "--mount", "sh", "-c", _EMPTIED, "sh", str(self.folder), self._group], check=True
        )


def _alone(pid: int) -> bool:
    """Whether the process `pid` has left this network."""
    try:
        return pid > 0 and os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    except FileNotFoundError:
        return False
