"""What a node serves: the mount, exports, nfsd, its clients, addresses, space.

Formats: proc(5) mounts, exports(5) (etab), nfsd(7), `ss -Htn`, `ip -br addr`, POSIX df -P.
"""

from __future__ import annotations

from saitotui.clients.quoting import shell

ADDRESSES = "ip -br addr"


def serving_command(device: str, mount: str) -> str:
    """The mount lines of `device` and `mount`, nfsd's threads, all exports: built-ins of the shell only."""
    by_device, by_mount = shell(device), shell(mount.replace(" ", "\\040"))
    return (
        f'while read -r line; do case $line in {by_device}" "*|*" "{by_mount}" "*) '
        """printf 'mount %s\\n' "$line";; esac; done </proc/mounts; """
        "if [ -r /proc/fs/nfsd/threads ]; then read -r n </proc/fs/nfsd/threads; "
        'echo "threads $n"; else echo "threads -"; fi; '
        "if [ -r /var/lib/nfs/etab ]; then while read -r line; do "
        """printf 'export %s\\n' "$line"; done </var/lib/nfs/etab; fi"""
    )


CLIENTS = (
    "for f in /proc/fs/nfsd/clients/*/info; do if [ -r $f ]; then echo client; "
    'while read -r line; do printf "%s\\n" "$line"; done <$f; fi; done; '
    "echo sockets; ss -Htn state established '( sport = :2049 )'"
)
"""NFSv4 clients by name, and whoever has a connection to port 2049."""


def space_command(mount: str) -> str:
    return f"df -P -k {shell(mount)}"
