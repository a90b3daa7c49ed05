"""The storage hosts of a platform that is yet to be: a disk each, the packages, and nothing configured."""

from __future__ import annotations

from typing import Any

from tests.lab.storage.pair import StoragePair
from tests.lab.storage.profile import FLOATING_IP, NODES, described

DISK, OTHER = "/dev/vg0/r0", "/dev/vg0/other"
"""The disk that is made the pair's, and one that holds something already."""
_OWN = "/etc/drbd.d/r0.res /etc/ha.d/ha.cf /etc/ha.d/haresources /etc/ha.d/authkeys"
"""What the hosts of the lab bring along, and a bare host has not."""
_BUILD = {
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


class BareStorage(StoragePair):
    """Two hosts with empty disks, and a client."""

    def make(self) -> None:
        volumes = (
            "pvcreate -q -y /dev/ubdb && vgcreate -q vg0 /dev/ubdb && lvcreate -q -y -L 64M -n r0 vg0 && "
            "lvcreate -q -y -Wy -Zy -L 8M -n other vg0 && mkfs.ext4 -q /dev/vg0/other"
        )
        self.each(NODES, lambda host: host.ssh(f"{volumes} && rm -f {_OWN} && : >/etc/exports"))

    def section(self, secret: str) -> dict[str, Any]:
        """What the profile says of it; `secret` is a reference."""
        found: dict[str, Any] = described(self)["storage"]
        return {**found, "build": {**_BUILD, "secret": secret}}
