"""A storage pair is made of two real hosts with empty disks; made again nothing changes; then it is moved."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.lab.storage.network import Network
from tests.lab.storage.pair import StoragePair
from tests.lab.storage.profile import FLOATING_IP, NODES, described
from tests.lab.swaps import digest_of, saitotui, walk

from saitotui.cli.plan import REFUSED

pytestmark = pytest.mark.lab

ALREADY = 10
"""What a run ends with that had nothing to do."""
DISK = "/dev/vg0/r0"
OWN = "/etc/drbd.d/r0.res /etc/ha.d/ha.cf /etc/ha.d/haresources /etc/ha.d/authkeys"
"""What the hosts of the lab bring along, and a bare host has not."""
BUILD = {
    "disk": DISK,
    "addresses": {"st1": "10.82.0.11", "st2": "10.82.0.12"},
    "links": [
        {"interface": "vec0", "addresses": {"st1": "10.81.0.11", "st2": "10.81.0.12"}},
        {"interface": "vec1", "addresses": {"st1": "10.82.0.11", "st2": "10.82.0.12"}},
    ],
    "network": "10.81.0.0/24",
    "interface": "vec0",
    "ping": "10.81.0.1",
    "deadtime": 5,
    # heartbeat's own scripts fork a lot, which is slow on these hosts.
    "services": ["labnfs::/dev/drbd0::/srv/nfs", f"labip::{FLOATING_IP}/24::vec0"],
}


class Bare(StoragePair):
    """Its hosts have a disk each, and the packages; nothing is configured."""

    def make(self) -> None:
        volume = "pvcreate -q -y /dev/ubdb && vgcreate -q vg0 /dev/ubdb && lvcreate -q -y -L 64M -n r0 vg0"
        self.each(NODES, lambda host: host.ssh(f"{volume} && rm -f {OWN} && : >/etc/exports"))
        given = described(self)
        secret = self.folder / "secret"
        secret.write_text("labsecret", "ascii")
        secret.chmod(0o600)
        given["storage"]["build"] = {**BUILD, "secret": f"file:{secret}"}
        self.profile.write_text(yaml.safe_dump(given, sort_keys=False), "utf-8")


@pytest.fixture(scope="module")
def bare() -> Iterator[StoragePair]:
    with (
        tempfile.TemporaryDirectory(prefix="saitotui-bare-") as name,
        Network() as network,
        Bare(Path(name), network) as pair,
        network.entered(),
    ):
        yield pair


@dataclass(frozen=True)
class Other:
    """Another profile of the same hosts."""

    profile: Path


def acts(said: str) -> list[str]:
    return [line for line in said.splitlines() if " ACT " in line]


def test_a_pair_is_made_of_two_empty_disks(bare: StoragePair, tmp_path: Path) -> None:
    said = walk(bare, tmp_path, "bootstrap-storage")
    assert "labsecret" not in said
    assert bare.settle() >= 0
    client = bare.client
    client.ssh(f"mount -t nfs -o vers=4.2 {FLOATING_IP}:/srv/nfs /mnt/nfs && echo hello >/mnt/nfs/hello")
    assert client.says("cat /mnt/nfs/hello; umount /mnt/nfs") == "hello"
    for name in NODES:
        assert "labsecret" in bare.hosts[name].says("cat /etc/ha.d/authkeys")


def test_made_again_nothing_changes(bare: StoragePair, tmp_path: Path) -> None:
    digest = digest_of(bare, tmp_path, "bootstrap-storage")
    done = saitotui(bare, tmp_path, "run", "bootstrap-storage", "--reason", "a drill", "--yes", digest)
    assert done.returncode == ALREADY, done.stdout + done.stderr
    assert acts(done.stdout) == []


def test_what_somebody_changed_is_shown_before_it_is_replaced(bare: StoragePair, tmp_path: Path) -> None:
    bare.hosts["st2"].ssh("sed -i 's/^deadtime .*/deadtime 60/' /etc/ha.d/ha.cf")
    said = walk(bare, tmp_path, "bootstrap-storage")
    line = "AMBER: /etc/ha.d/ha.cf on st2 is not there yet, or as the profile wants it"
    assert f"{line}: -deadtime 60; +deadtime 5" in said
    assert len(acts(said)) == 1
    assert bare.hosts["st2"].says("grep ^deadtime /etc/ha.d/ha.cf.before") == "deadtime 60"


def test_what_was_made_is_moved(bare: StoragePair, tmp_path: Path) -> None:
    before = bare.serving()
    walk(bare, tmp_path, "fail-over-drbd")
    assert bare.serving() not in (None, before)
    told = json.loads(saitotui(bare, tmp_path, "status", "--json").stdout)
    # Nobody mounts it here.
    found = {one["code"] for one in told["findings"] if one["code"].startswith("storage.")}
    assert found <= {"storage.clients-missing"}


def test_a_disk_that_is_not_empty_is_not_taken(bare: StoragePair, tmp_path: Path) -> None:
    for name in NODES:
        bare.hosts[name].ssh("lvcreate -q -y -Wy -Zy -L 8M -n other vg0 && mkfs.ext4 -q /dev/vg0/other")
    other = tmp_path / "other.yaml"
    other.write_text(bare.profile.read_text("utf-8").replace(DISK, "/dev/vg0/other"), "utf-8")
    digest = digest_of(Other(other), tmp_path, "bootstrap-storage")
    order = ("run", "bootstrap-storage", "--reason", "a drill", "--yes", digest, "--accept-amber")
    done = saitotui(Other(other), tmp_path, *order)
    assert done.returncode == REFUSED, done.stdout
    assert "RED: /dev/vg0/other on st1 is empty, or DRBD's: it holds ext4" in done.stdout
