"""The last known state on disk, so that the first thing drawn is never blank; and recorded snapshots."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import platformdirs

from saitotui.model.command import Answer, Failure, FailureKind, Question
from saitotui.model.snapshot import Reading, Snapshot

VERSION = 1


def root_folder() -> Path:
    """Where this user's state of all platforms is kept."""
    root = os.environ.get("SAITOTUI_STATE")
    return Path(root) if root else platformdirs.user_state_path("saitotui")


def state_folder(platform: str) -> Path:
    """Where this user's state of `platform` is kept (created 0700)."""
    folder = root_folder() / "".join(c if c.isalnum() or c in "-_." else "_" for c in platform).lstrip(".")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def dump(snapshot: Snapshot) -> bytes:
    """`snapshot` as compressed JSON: raw answers, so that reading it again parses them again."""
    readings = {
        key: {
            "at": reading.at,
            "cost": reading.cost,
            "raw": asdict(reading.raw) if reading.raw is not None else None,
            "failure": asdict(reading.failure) if reading.failure is not None else None,
        }
        for key, reading in snapshot.readings.items()
    }
    text = json.dumps({"version": VERSION, "at": snapshot.at, "readings": readings}, default=str)
    return gzip.compress(text.encode(), compresslevel=5, mtime=0)


def load(content: bytes, questions: Mapping[str, Question[Any]]) -> Snapshot:
    """The snapshot that `dump` wrote; readings of questions that are no longer asked are left out.

    Raises ValueError with a sentence when `content` is not such a recording.
    """
    try:
        value = json.loads(gzip.decompress(content))
        if value["version"] != VERSION:
            raise ValueError(f"it is of version {value['version']}, this console reads version {VERSION}")
        readings = {
            key: _reading(questions[key], stored)
            for key, stored in value["readings"].items()
            if key in questions
        }
        return Snapshot(float(value["at"]), readings)
    except (OSError, EOFError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"not a recorded snapshot: {error}") from None


def _reading(question: Question[Any], stored: Mapping[str, Any]) -> Reading[Any]:
    raw = Answer(**{**stored["raw"], "rows": tuple(stored["raw"]["rows"])}) if stored["raw"] else None
    failure = stored["failure"]
    value = Failure(FailureKind(failure["kind"]), failure["sentence"]) if failure else None
    if value is None:
        value = question.read(raw if raw is not None else Answer())
    return Reading(value, float(stored["at"]), float(stored["cost"]), raw, every=question.every)


def write(file: Path, content: bytes) -> None:
    """Replaces `file` atomically, readable by its owner only. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as temporary:
            temporary.write(content)
        os.replace(name, file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
