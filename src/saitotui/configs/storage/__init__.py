"""The files of a storage pair: DRBD's resource, heartbeat's own, the export.

drbd.conf(5) 8.4, ha.cf and haresources as in heartbeat's "Linux-HA User's Guide", exports(5). A split brain
is never settled by DRBD itself: every policy is `disconnect`.
"""

from __future__ import annotations

from saitotui.clients.quoting import shell
from saitotui.configs import ConfigFile, rendered
from saitotui.model.profile import Storage
from saitotui.model.profile_build import StorageBuild


def services(storage: Storage, build: StorageBuild) -> tuple[str, ...]:
    """What heartbeat starts besides DRBD, in the words of haresources."""
    return build.services or (
        f"Filesystem::{storage.device}::{storage.mount}::{build.filesystem}::noatime",
        "nfs-kernel-server",
        f"IPaddr2::{storage.floating_ip}/{build.prefix}/{build.interface}",
    )


def files(storage: Storage, build: StorageBuild) -> tuple[ConfigFile, ...]:
    """What both nodes have, the same."""
    values = {"storage": storage, "build": build, "services": services(storage, build)}
    resource = shell(storage.resource)
    return (
        ConfigFile(
            f"/etc/drbd.d/{storage.resource}.res",
            rendered("storage/resource.res.j2", values),
            "0600",
            f"drbdadm -c {{}} dump {resource} >/dev/null",
            r"^\( *shared-secret \).*;$",
        ),
        ConfigFile("/etc/exports.d/saitotui.exports", rendered("storage/exports.j2", values)),
        ConfigFile("/etc/ha.d/ha.cf", rendered("storage/ha.cf.j2", values)),
        ConfigFile("/etc/ha.d/haresources", rendered("storage/haresources.j2", values)),
        ConfigFile(
            "/etc/ha.d/authkeys", rendered("storage/authkeys.j2", values), "0600", "true", r"^\(1 sha1 \).*$"
        ),
    )
