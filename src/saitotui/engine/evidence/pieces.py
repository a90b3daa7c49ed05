"""Pieces of evidence: each in a file of its own that nobody changes any more."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from saitotui.engine import store


@dataclass(frozen=True, slots=True)
class Piece:
    """Where it is kept; its SHA-256 in hex, its size in bytes."""

    file: Path
    sha256: str
    size: int

    @property
    def body(self) -> Mapping[str, Any]:
        """As the journal keeps it."""
        return {"file": str(self.file), "sha256": self.sha256, "bytes": self.size}


def keep(folder: Path, name: str, text: str, at: float) -> Piece:
    """Writes `folder`/NAME-TIME.txt (0400), complete or not at all. Raises OSError."""
    return put(folder, f"{name}-{stamp(at)}", ".txt", text.encode("utf-8", "replace"))


def stamp(at: float) -> str:
    """`20260308T031240Z`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}"


def put(folder: Path, stem: str, suffix: str, content: bytes) -> Piece:
    """Writes `folder`/STEM.SUFFIX (0400), complete or not at all; where there is one already, a number is put
    in. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file, number = folder / f"{stem}{suffix}", 1
    while file.exists():
        number += 1
        file = folder / f"{stem}-{number}{suffix}"
    store.write(file, content)
    os.chmod(file, 0o400)
    return Piece(file, hashlib.sha256(content).hexdigest(), len(content))
