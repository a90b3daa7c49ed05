"""A shell on a host: OpenSSH, told what the profile says, with host keys checked."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from saitotui.model.profile import Host, Profile


def config(profile: Profile, folder: Path) -> str:
    """The profile's hosts as an ssh_config(5) file; the user's own configuration comes after it, since the
    first value found wins. Pinned keys become a known_hosts file in `folder`. Raises ValueError for a value
    that would be read as more than itself."""
    lines: list[str] = []
    pinned: list[str] = []
    for name, host in profile.hosts.items():
        lines.append(f"Host {_word(name)}")
        lines += [f"  {option}" for option in _options(name, host, folder)]
        if host.host_key:
            pinned.append(f"{_word(name)} {' '.join(host.host_key.split()[:2])}")
    (folder / "known_hosts").write_text("\n".join([*pinned, ""]), encoding="utf-8")
    own = Path.home() / ".ssh" / "config"
    tail = ["Host *", "  StrictHostKeyChecking yes", *([f'Include "{own}"'] if own.is_file() else [])]
    return "\n".join([*lines, *tail, ""])


def _options(name: str, host: Host, folder: Path) -> Iterator[str]:
    yield f"HostName {_word(host.address)}"
    yield "StrictHostKeyChecking yes"
    if host.port:
        yield f"Port {host.port}"
    if host.user:
        yield f"User {_word(host.user)}"
    if host.jump:
        yield f"ProxyJump {_word(host.jump)}"
    if host.identity:
        yield f'IdentityFile "{_path(host.identity)}"'
    if host.host_key:
        yield f"HostKeyAlias {_word(name)}"
        yield f'UserKnownHostsFile "{_path(str(folder / "known_hosts"))}"'
    elif host.known_hosts:
        yield f'UserKnownHostsFile "{_path(host.known_hosts)}"'


def _word(text: str) -> str:
    if (
        not text
        or text.startswith("-")
        or any(c.isspace() or not c.isprintable() or c in '"*?!,%#' for c in text)
    ):
        raise ValueError(f"{text!r} cannot be written into an ssh configuration")
    return text


def _path(text: str) -> str:
    if '"' in text or not text.isprintable():
        raise ValueError(f"the path {text!r} cannot be written into an ssh configuration")
    return text.replace("%", "%%")


def shell(profile: Profile, host: str) -> int:
    """Runs ssh on this terminal until it ends; gives its exit status. Raises ValueError, OSError."""
    with tempfile.TemporaryDirectory(prefix="saitotui-ssh-") as folder:
        file = Path(folder) / "config"
        file.write_text(config(profile, Path(folder)), encoding="utf-8")
        return subprocess.run(["ssh", "-F", str(file), "--", _word(host)], check=False).returncode
