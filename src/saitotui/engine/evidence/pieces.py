"""A piece of evidence: one answer, whole, in a file of its own."""

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
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = text.encode("utf-8", "replace")
    stem = f"{name}-{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}"
    file, number = folder / f"{stem}.txt", 1
    while file.exists():
        number += 1
        file = folder / f"{stem}-{number}.txt"
    store.write(file, content)
    os.chmod(file, 0o400)
    return Piece(file, hashlib.sha256(content).hexdigest(), len(content))
