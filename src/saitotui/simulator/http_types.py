"""An HTTP request and its reply as values, so that a service is a plain function of them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by lower-case name; `query` decoded, the last of equal names wins."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        """The body of a form post."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def basic(self) -> tuple[str, str] | None:
        """User and password of basic authentication; None when there is none."""
        scheme, _, code = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(code, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user, password


@dataclass(frozen=True, slots=True)
class Reply:
    """`reason` is the text of the status line, `` for the standard one. `delay` is in simulated seconds."""

    status: int
    body: bytes = b""
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
