"""Who may ask a Proxmox VE API: tokens, tickets, and how it refuses.

Recorded: a missing ticket is `401 No ticket`, everything wrong with one `401 Authentication failed!`, both
with an empty body; failed authentication is delayed to 3 s.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from saitotui.simulator.http_types import Request

FAILED_DELAY = 3.0
TICKET_LIFETIME = 7200.0


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks: `token` is the token's name, `` for a ticket; a weak one has no privileges at all."""

    user: str
    token: str = ""
    weak: bool = False


class Refused(Exception):
    """401 with this reason, after `delay` seconds."""

    def __init__(self, reason: str, delay: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.delay = reason, delay


@dataclass(slots=True)
class Access:
    """The users of a cluster. `tokens`: `user@realm!name` to secret; `passwords`: user to password."""

    now: Callable[[], float]
    tokens: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    weak: set[str] = field(default_factory=set)
    _tickets: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    def login(self, user: str, password: str) -> dict[str, Any]:
        """The answer of POST /access/ticket; Refused when the password is wrong."""
        expected = self.passwords.get(user)
        if expected is None or not secrets.compare_digest(expected, password):
            raise Refused("authentication failure", FAILED_DELAY)
        stamp = f"{int(self.now()):08X}"
        ticket, csrf = (
            f"PVE:{user}:{stamp}::{secrets.token_urlsafe(48)}",
            f"{stamp}:{secrets.token_urlsafe(32)}",
        )
        self._tickets[ticket] = (user, csrf, self.now())
        return {"username": user, "ticket": ticket, "CSRFPreventionToken": csrf, "cap": CAPABILITIES}

    def who(self, request: Request) -> Account:
        """The account that asks, or Refused."""
        header = request.headers.get("authorization", "")
        if header.startswith("PVEAPIToken="):
            name, _, secret = header.removeprefix("PVEAPIToken=").rpartition("=")
            expected = self.tokens.get(name)
            if expected is None or not secrets.compare_digest(expected, secret):
                raise Refused("Authentication failed!", FAILED_DELAY)
            user, _, token = name.partition("!")
            return Account(user, token, name in self.weak)
        ticket = _cookie(request.headers.get("cookie", ""))
        if not ticket:
            raise Refused("No ticket")
        user, csrf, since = self._tickets.get(ticket, ("", "", 0.0))
        if not user or self.now() - since > TICKET_LIFETIME:
            raise Refused("Authentication failed!", FAILED_DELAY)
        if request.method != "GET" and request.headers.get("csrfpreventiontoken") != csrf:
            raise Refused("Permission denied - invalid csrf token")
        return Account(user)


def _cookie(header: str) -> str:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == "PVEAuthCookie":
            return unquote(value.strip('"'))
    return ""


def _granted(*names: str) -> dict[str, int]:
    return {name: 1 for name in (*names, "Permissions.Modify")}


CAPABILITIES = {
    "access": _granted("User.Modify", "Group.Allocate"),
    "dc": {"Sys.Audit": 1, "Sys.Modify": 1, "SDN.Allocate": 1, "SDN.Audit": 1, "SDN.Use": 1},
    "mapping": _granted("Mapping.Use", "Mapping.Audit", "Mapping.Modify"),
    "nodes": _granted("Sys.Audit", "Sys.PowerMgmt", "Sys.Incoming", "Sys.AccessNetwork", "Sys.Syslog",
                      "Sys.Console", "Sys.Modify"),
    "sdn": _granted("SDN.Allocate", "SDN.Use", "SDN.Audit"),
    "storage": _granted("Datastore.Audit", "Datastore.AllocateSpace", "Datastore.AllocateTemplate",
                        "Datastore.Allocate"),
    "vms": _granted("VM.Audit", "VM.PowerMgmt", "VM.Migrate", "VM.Allocate", "VM.Console", "VM.Backup",
                    "VM.Snapshot", "VM.Clone", "VM.Config.Options"),
}  # fmt: skip
"""What a full administrator may do (shortened)."""
