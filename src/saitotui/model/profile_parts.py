"""What all parts of a profile share: hosts, addresses, secrets, how a server's certificate is verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, NewType

__all__ = [
    "NO_SECRET",
    "STRICT",
    "Environment",
    "Host",
    "HostName",
    "HttpService",
    "SecretRef",
    "Tls",
    "Url",
]

SecretRef = NewType("SecretRef", str)
"""`env:NAME`, `file:PATH`, `command:PROGRAM ARG...` (no shell) or `keyring:SERVICE/USER`; `` for none."""

NO_SECRET = SecretRef("")

HostName = Annotated[str, "host"]
"""The name of a host of the same profile; `` for none where it may be left out."""

Url = Annotated[str, "url"]
"""An address that begins with `http://` or `https://`."""

NetworkName = Annotated[str, "network"]
"""A network with its prefix (`10.0.0.0/24`)."""

ServerName = Annotated[str, "server"]
"""The name or address of a server of somebody else's."""

STRICT: dict[str, Any] = {"extra": "forbid"}
"""A field that nobody knows is refused."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Which kind of platform this is: shown as a word and a colour on every screen."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: Literal["prod", "staging", "lab"] = "prod"
    """`prod` asks for the most confirmation."""
    color: str = ""
    """A CSS colour name or `#rrggbb`; empty: red, yellow, green for prod, staging, lab."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine that is reached by SSH. What is left empty comes from `~/.ssh/config`."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    address: str
    """Name or IP address."""
    port: int = 0
    """SSH port; 0: as in `~/.ssh/config`, else 22."""
    user: str = ""
    """SSH user; empty: as in `~/.ssh/config`, else the local user."""
    jump: HostName = ""
    """Name of another host of this profile to connect through."""
    known_hosts: str = ""
    """A known_hosts file; empty: as in `~/.ssh/config`, else `~/.ssh/known_hosts`."""
    host_key: str = ""
    """The pinned public host key (`ssh-ed25519 AAAA...`); wins over known_hosts."""
    identity: str = ""
    """A private key file without passphrase (or with the agent holding it); empty: the SSH agent, then
    the default keys."""
    service_address: str = ""
    """The address other hosts of the platform see it by, where that differs from `address`."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server's certificate is verified. It always is."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    ca: str = ""
    """A PEM file of the authority to trust; empty: the system's authorities."""
    fingerprint: str = ""
    """SHA-256 of the server's certificate in hex (colons allowed); pins it instead of a chain."""
    server_name: str = ""
    """The name to expect in the certificate; empty: the host of the address."""


@dataclass(frozen=True, slots=True)
class HttpService:
    """Something that answers HTTP."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    url: Url
    """Base address, `http://...` or `https://...`."""
    user: str = ""
    """User for basic authentication; empty: none."""
    password: SecretRef = NO_SECRET
    """Reference to its password."""
    via: HostName = ""
    """Name of a host: reach the address from there, through SSH."""
    tls: Tls = Tls()
    """How its certificate is verified, for `https`."""
