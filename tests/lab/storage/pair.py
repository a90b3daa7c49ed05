"""The real storage pair st1 and st2 (DRBD, NFS, heartbeat or pacemaker); app1 mounts its export."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tests.lab.built import built
from tests.lab.host import LabError, wait_for
from tests.lab.sshd import make_key
from tests.lab.storage.network import BACK, FRONT, Network
from tests.lab.storage.profile import FLOATING_IP, NODES, other_of, write
from tests.lab.storage.uml import UmlHost

HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".lab" / "storage"
DISK_MIB = 160
_VOLUME = "pvcreate -q -y /dev/ubdb && vgcreate -q vg0 /dev/ubdb && lvcreate -q -y -Wn -Zn -L 64M -n r0 vg0"
_FIRST = """
i=0; until [ "$(drbdadm cstate r0)" = Connected ]; do i=$((i+1)); [ $i -gt 100 ] && exit 1; sleep 0.2; done
drbdadm -- --clear-bitmap new-current-uuid r0 && drbdadm primary r0 && mkfs.ext4 -q /dev/drbd0 &&
mount /dev/drbd0 /srv/nfs && mkdir /srv/nfs/data && echo hello > /srv/nfs/data/hello &&
umount /srv/nfs && drbdadm secondary r0
"""
_MANAGED = {
    "heartbeat": "systemctl -q enable drbd heartbeat && systemctl start heartbeat",
    "pacemaker": "drbdadm down r0; systemctl -q enable corosync pacemaker && systemctl start pacemaker",
}
_MENDED = {
    "heartbeat": "drbdadm up r0; drbdadm attach r0; systemctl -q enable heartbeat; systemctl start heartbeat",
    "pacemaker": "systemctl start pacemaker; crm_standby --node $(cat /etc/hostname) --delete",
}
_STOPPED = "timeout 20 systemctl stop heartbeat || systemctl kill -s KILL heartbeat; systemctl stop heartbeat"
_FORGOTTEN = "lvs --noheadings -o lv_path | grep split | xargs -r lvremove -q -y"
_STATE = "echo $(drbdadm role r0 | cut -d/ -f1) $(drbdadm dstate r0) $(drbdadm cstate r0)"
_RESTS = {"heartbeat": "cl_status rscstatus", "pacemaker": "timeout 8 crm_resource --wait --timeout 6"}
_LOGS = {"heartbeat": "cat /var/log/ha-log", "pacemaker": "journalctl --no-pager -u pacemaker"}
_SETTLES = {"heartbeat": 120.0, "pacemaker": 240.0}
"""Seconds; pacemaker waits for others before it starts anything the first time."""
LOOK = 1.0
"""Seconds between looks: each is a login or six, and the hosts are slow."""
_MEMORY = {"heartbeat": "224M", "pacemaker": "384M"}
"""corosync locks its memory: with less it is killed."""


def image() -> Path:
    """The root file system of the hosts."""
    script = HERE / "image.sh"
    return built(CACHE, script, ".img", lambda new: [str(script), str(new)])


def preload() -> Path:
    """What a host's kernel is started with, so that it runs on any processor, and boots again."""
    source = HERE / "uml.c"
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    return built(CACHE, source, ".so", lambda new: ["gcc", *options, "-o", str(new), str(source)])


class StoragePair:
    """The hosts, running and well, as long as the block lasts. `manager` is heartbeat or pacemaker."""

    def __init__(self, folder: Path, network: Network, manager: str = "heartbeat") -> None:
        self.folder, self.network, self.manager = folder, network, manager
        make_key(folder / "client_key")
        root, early = image(), preload()
        numbers = {"st1": 11, "st2": 12, "app1": 13}
        self.hosts: Mapping[str, UmlHost] = {
            name: UmlHost(name, number, network, root, early, folder) for name, number in numbers.items()
        }
        self.client = self.hosts["app1"]

    @property
    def profile(self) -> Path:
        return self.folder / "profile.yaml"

    def __enter__(self) -> StoragePair:
        try:
            for name, host in self.hosts.items():
                host.prepare(DISK_MIB if name in NODES else 1)
                self.power_on(name)
            self.each(self.hosts, lambda host: host.ready())
            self.make()
        except BaseException:
            self.stop()
            raise
        return self

    def make(self) -> None:
        """A pair of two hosts that run."""
        self.each(NODES, lambda host: host.ssh(_VOLUME + "&& yes | drbdadm create-md r0 && drbdadm up r0"))
        self.hosts["st1"].ssh(_FIRST)
        self.each(NODES, lambda host: host.ssh(_MANAGED[self.manager]))
        if self.manager == "pacemaker":
            self.hosts["st1"].ssh("lab-pacemaker", 90.0)
        write(self)
        self._insist()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        for host in self.hosts.values():
            host.power_off()

    def said(self, ask: str) -> Mapping[str, subprocess.CompletedProcess[str]]:
        """What both nodes say, asked at the same time."""
        with ThreadPoolExecutor() as pool:
            answers = pool.map(lambda name: self.hosts[name].ssh(ask, 10.0, check=False), NODES)
            return dict(zip(NODES, answers, strict=True))

    def each(self, names: Iterable[str], order: Callable[[UmlHost], object]) -> None:
        """Tells several hosts the same, at the same time."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: order(self.hosts[name]), names))

    def settle(self, seconds: float = 0.0) -> float:
        """Waits until one serves, both copies are well and the manager moves nothing."""
        what = f"one storage host to serve, with two good copies and {self.manager} at rest"
        try:
            limit = seconds or _SETTLES[self.manager]
            return wait_for(what, lambda: self.well() and self._rests(), limit, every=LOOK)
        except LabError as error:
            raise LabError(f"{error}\n{self.told()}") from None

    def told(self) -> str:
        """What DRBD and the manager say on each host, and the end of the manager's log."""
        ask = f"{_RESTS[self.manager]}; {_LOGS[self.manager]} | tail -n 40"
        hosts = [self.hosts[name] for name in NODES]
        return "\n".join(
            f"{host.name}: {self.state(host.name)}; {host.ssh(ask, 20.0, check=False).stdout}"
            for host in hosts
        )

    def _insist(self) -> None:
        """Settles. heartbeat may lose what it says to itself, and then neither serves nor stops, or two of it
        run on one host: the hosts lose their power, and begin anew."""
        if self.manager != "heartbeat":
            self.settle()
            return
        try:
            self.settle(60.0)
        except LabError as error:
            print(f"\nthe hosts begin anew: {error}")
            for name in NODES:
                self.hosts[name].power_off()
                self.power_on(name)
            self.each(NODES, lambda host: host.ready())
            self._end_split_brain()
            self.each(NODES, lambda host: host.ssh(_MENDED[self.manager], check=False))
            self.settle()

    def _rests(self) -> bool:
        """Whether the manager moves nothing on either host; right after a join it does, for some seconds."""
        said = self.said(_RESTS[self.manager])
        return all(one.returncode == 0 and one.stdout.strip() != "transition" for one in said.values())

    def power_on(self, name: str) -> None:
        self.hosts[name].power_on(_MEMORY[self.manager] if name in NODES else _MEMORY["heartbeat"])

    def well(self) -> bool:
        states = [one.stdout.strip() for one in self.said(_STATE).values()]
        roles = sorted(state.partition(" ")[0] for state in states)
        return (
            roles == ["Primary", "Secondary"]
            and all(
                "UpToDate" in state and "Inconsistent" not in state and "Connected" in state
                for state in states
            )
            and self.serving() is not None
        )

    def state(self, name: str) -> str:
        """Role, disks and connection of DRBD on a host; empty when it does not say."""
        return self.hosts[name].ssh(_STATE, 10.0, check=False).stdout.strip()

    @property
    def active(self) -> str:
        """Who serves: somebody does."""
        name = self.serving()
        assert name is not None
        return name

    def serving(self) -> str | None:
        """The host that has the floating address, a mounted file system and nfsd."""
        ask = f"ip -br addr | grep -q ' {FLOATING_IP}/' && grep -q ' /srv/nfs ' /proc/mounts && "
        ask += 'read n < /proc/fs/nfsd/threads && [ "$n" -gt 0 ]'
        found = [name for name, one in self.said(ask).items() if one.returncode == 0]
        return found[0] if len(found) == 1 else None

    def stop_manager(self, name: str) -> None:
        """heartbeat may not end by itself: then it is killed."""
        self.hosts[name].ssh(_STOPPED)

    def cut(self, bridge: str) -> None:
        """st1 and st2 hear each other no more on this network."""
        self.network.isolate([self.hosts[name].taps[bridge] for name in NODES], True)

    def join(self, bridge: str) -> None:
        self.network.isolate([self.hosts[name].taps[bridge] for name in NODES], False)

    def part(self) -> None:
        for bridge in (FRONT, BACK):
            self.cut(bridge)

    def mend(self) -> None:
        """Whatever a test has left: cables are in, hosts have power, heartbeat runs, both copies are well and
        have one history."""
        self.heal()
        for name, host in self.hosts.items():
            if not host.powered:
                self.power_on(name)
                host.ready()
        self._end_split_brain()
        # What a test that failed has kept of a split brain takes the room of the next.
        self.each(NODES, lambda host: host.ssh(_FORGOTTEN, check=False))
        self.each(NODES, lambda host: host.ssh(_MENDED[self.manager], check=False))
        self._insist()

    def _end_split_brain(self) -> None:
        """What the node that does not serve wrote meanwhile is given up."""
        if not any("StandAlone" in one.stdout for one in self.said(_STATE).values()):
            return
        kept = self.serving() or NODES[0]
        stop = _STOPPED if self.manager == "heartbeat" else f"systemctl stop {self.manager}"
        given_up = (
            f"{stop}; umount /srv/nfs; drbdadm disconnect r0; drbdadm secondary r0; "
            "drbdadm -- --discard-my-data connect r0"
        )
        self.hosts[other_of(kept)].ssh(given_up, check=False)
        self.hosts[kept].ssh("drbdadm connect r0", check=False)

    def heal(self) -> None:
        for bridge in (FRONT, BACK):
            self.join(bridge)


@contextmanager
def alone(folder: Path, manager: str = "heartbeat") -> Iterator[StoragePair]:
    """A pair in a network of its own, in which this thread is as long as the block lasts."""
    # The image is built outside: from in there no registry of packages can be reached.
    with Network() as network, StoragePair(folder, network, manager) as pair, network.entered():
        yield pair
