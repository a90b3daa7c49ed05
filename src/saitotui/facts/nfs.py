"""What a node serves: the mount, exports, nfsd, its clients, addresses, space.

Formats: proc(5) mounts, exports(5) (etab), nfsd(7), `ss -Htn`, `ip -br addr`, POSIX df -P.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

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


SOCKETS = "ss -Htn state established '( sport = :2049 )'"
"""Connections to port 2049."""
CLIENTS = (
    "for f in /proc/fs/nfsd/clients/*/info; do if [ -r $f ]; then "
    'while read -r line; do printf "%s\\n" "$line"; done <$f; fi; done; '
    f"echo sockets; {SOCKETS}"
)
"""NFSv4 clients by name, and whoever has a connection to port 2049."""


def space_command(mount: str) -> str:
    return f"df -P -k {shell(mount)}"


_MOUNT = re.compile(
    r"^mount (?P<device>\S{1,300}) (?P<path>/\S{0,500}) (?P<kind>[\w.-]{1,40}) (?P<options>\S{1,500}) \d \d$"
)
_EXPORT = re.compile(
    r"^export (?P<path>/\S{0,500}|\"[^\"]{1,500}\")\s{1,20}(?P<client>[^\s(]{0,300})"
    r"(?:\((?P<options>\S{0,500})\))?$"
)
_CONNECTION = re.compile(
    r"(?P<local>[0-9a-fA-F.:\[\]]{2,60}:2049)\s{1,20}(?P<peer>[0-9a-fA-F.:\[\]]{2,60}:\d{1,5})\s*$"
)
_OCTAL = re.compile(r"\\(\d{3})")
_ADDRESS = re.compile(
    r"^(?P<interface>[\w.@:-]{1,40})\s{1,40}(?P<state>[A-Z_]{1,20})\s{1,40}(?P<addresses>\S.{0,2000})$"
)
_SPACE = re.compile(
    r"^(?P<device>\S.{0,200}?)\s{1,40}(?P<total>\d{1,18})\s{1,40}(?P<used>\d{1,18})\s{1,40}(?P<free>-?\d{1,18})"
    r"\s{1,20}(?P<percent>\d{1,3})%\s{1,20}(?P<mount>/.{0,400})$"
)


@dataclass(frozen=True, slots=True)
class Mount:
    device: str
    path: str
    kind: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """`client` as exports(5) writes it: a host, a network, a wildcard; `*` for everybody."""

    path: str
    client: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Serving:
    """`mounts` of the device or at the mount point; `threads` of nfsd (None: nfsd is not in the kernel)."""

    mounts: tuple[Mount, ...]
    threads: int | None
    exports: tuple[Export, ...]

    def mounted(self, device: str, path: str) -> bool:
        return any(mount.path == path and mount.device == device for mount in self.mounts)

    def exported(self, path: str) -> bool:
        return any(export.path == path for export in self.exports)


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an interface, without its prefix length."""

    interface: str
    address: str


@dataclass(frozen=True, slots=True)
class NfsClient:
    """A client by its address. `version` is 4 for one that the server knows by name, 3 for one that merely
    has a connection; `state` as nfsd says it (`confirmed`, `courtesy`: it has not renewed in time)."""

    address: str
    version: int
    name: str = ""
    state: str = ""
    renewed: float | None = None


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes; `mount` is where the path really lies: `/` when nothing is mounted there."""

    device: str
    mount: str
    total: float
    used: float
    percent: float


def serving(answer: Answer) -> Serving:
    """Reads the output of `serving_command`."""
    lines = clean(answer.text, limit=1 << 20).splitlines()[:5000]
    threads = next((line.removeprefix("threads ") for line in lines if line.startswith("threads ")), None)
    if threads is None or not (threads == "-" or re.fullmatch(r"\d{1,6}", threads)):
        raise Unparsable(f"what is served is not told (the host said {one_line(answer.text, limit=80)!r})")
    mounts = [
        Mount(
            _plain(found["device"]), _plain(found["path"]), found["kind"], tuple(found["options"].split(","))
        )
        for line in lines
        if (found := _MOUNT.match(line))
    ]
    return Serving(tuple(mounts), None if threads == "-" else int(threads), _exports(lines))


def _exports(lines: list[str]) -> tuple[Export, ...]:
    return tuple(
        Export(
            _plain(found["path"].strip('"')),
            found["client"] or "*",
            tuple((found["options"] or "").split(",")),
        )
        for line in lines
        if (found := _EXPORT.match(line))
    )


def _plain(path: str) -> str:
    """Without the octal escapes that the kernel and exportfs write for blanks."""
    return clean(_OCTAL.sub(lambda found: chr(int(found[1], 8) & 0xFF), path))


def addresses(answer: Answer) -> tuple[Address, ...]:
    """Reads `ip -br addr`."""
    found = [
        Address(line["interface"].partition("@")[0], word.partition("/")[0])
        for text in clean(answer.text).splitlines()[:500]
        if (line := _ADDRESS.match(text))
        for word in line["addresses"].split()
        if "/" in word
    ]
    if not found:
        raise Unparsable(f"no address at all (the host said {one_line(answer.text, limit=80)!r})")
    return tuple(found)


def clients(answer: Answer) -> tuple[NfsClient, ...]:
    """Reads the output of `CLIENTS`, one for each address: the one that says most."""
    text = clean(answer.text, limit=1 << 20)
    known, marker, sockets = text.partition("sockets\n")
    if not marker and not text.rstrip().endswith("sockets"):
        raise Unparsable(f"no list of clients (the host said {one_line(answer.text, limit=80)!r})")
    if "not found" in sockets:
        raise Unparsable("ss is not installed on the host")
    found = {client.address: client for client in _sockets(sockets)}
    found |= {
        client.address: client for block in re.split(r"(?m)^clientid:", known) if (client := _client(block))
    }
    return tuple(sorted(found.values(), key=lambda client: client.address))


def _client(block: str) -> NfsClient | None:
    words = dict(line.split(":", 1) for line in block.splitlines()[:30] if ":" in line)
    address = _host(words.get("address", "").strip().strip('"'))
    if not address:
        return None
    renewed = words.get("seconds from last renew", "").strip()
    return NfsClient(
        address,
        4,
        one_line(words.get("name", "").strip().strip('"'), limit=80),
        one_line(words.get("status", "").strip(), limit=20),
        float(renewed) if re.fullmatch(r"\d{1,9}", renewed) else None,
    )


def _sockets(text: str) -> list[NfsClient]:
    found = []
    for line in text.splitlines()[:5000]:
        words = line.split()
        if len(words) >= 4 and words[-2].endswith(":2049") and (address := _host(words[-1])):
            found.append(NfsClient(address, 3))
    return found


def connections(answer: Answer, address: str) -> list[str]:
    """The connections to `address` in the output of `SOCKETS`: `10.0.0.20:2049 10.0.0.61:870`."""
    found = [_CONNECTION.search(line) for line in clean(answer.text).splitlines()[:5000]]
    return [f"{one['local']} {one['peer']}" for one in found if one and _host(one["local"]) == address]


def _host(text: str) -> str:
    """The address of `10.0.0.1:870` or `[2001:db8::1]:870`."""
    host = text.rpartition(":")[0].strip("[]").removeprefix("::ffff:").partition("%")[0]
    return host if re.fullmatch(r"[0-9a-fA-F.:]{2,45}", host) else ""


def space(answer: Answer) -> Space:
    """Reads `df -P -k`."""
    for line in clean(answer.text).splitlines()[:20]:
        if found := _SPACE.match(line):
            return Space(
                found["device"],
                found["mount"],
                float(found["total"]) * 1024,
                float(found["used"]) * 1024,
                float(found["percent"]),
            )
    raise Unparsable(f"df names no file system (it said {one_line(answer.text, limit=80)!r})")
