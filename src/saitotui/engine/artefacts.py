"""Files that runbooks send to machines, kept by their content: a run that lasts for hours, or goes on after a
crash, sends what was approved, and what was deployed once can be put back."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from saitotui.clients.files import place_of, sha256_of
from saitotui.engine.runs.folder import unfinished

KEEP = 12
"""Kept files; older ones go, but for those of runs that have not ended."""
FOLDER = "artefacts"
MOST = 2 << 30
"""Bytes of a file."""


def keep(state: Path, path: Path) -> str:
    """Keeps a file by its content; its path from now on. One that is kept stays where it is."""
    folder = state / FOLDER
    path = path.expanduser().absolute()
    try:
        if path.parent.parent == folder and path.is_file():
            path.parent.touch()
            return str(path)
        if not path.is_file():
            raise ValueError(f"{path} is not a file")
        size = path.stat().st_size
        if size > MOST:
            raise ValueError(f"{path} has {size >> 20} MiB, more than the {MOST >> 20} that are sent")
        folder.mkdir(mode=0o700, exist_ok=True)
        kept = folder / place_of(size, sha256_of(path)) / path.name
        if kept.is_file():
            kept.parent.touch()
            return str(kept)
        kept = _copied(path, folder)
    except OSError as error:
        raise ValueError(f"{path} cannot be kept: {error.strerror or error}") from None
    _forget_old(state, kept)
    return str(kept)


def _copied(path: Path, folder: Path) -> Path:
    """Copied first and named after what was copied: the file may be written to meanwhile."""
    handle, name = tempfile.mkstemp(dir=folder)
    temporary = Path(name)
    try:
        with path.open("rb") as source, os.fdopen(handle, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        place = folder / place_of(temporary.stat().st_size, sha256_of(temporary))
        place.mkdir(mode=0o700, exist_ok=True)
        kept = place / path.name
        temporary.replace(kept)
        place.touch()
        return kept
    finally:
        temporary.unlink(missing_ok=True)


def _forget_old(state: Path, new: Path) -> None:
    needed = {new.parent, *_of_runs(state)}
    folders = sorted(
        (place for place in new.parent.parent.iterdir() if place.is_dir()),
        key=lambda place: place.stat().st_mtime,
        reverse=True,
    )
    for place in folders[KEEP:]:
        if place not in needed:
            shutil.rmtree(place)


def _of_runs(state: Path) -> Iterable[Path]:
    for run in unfinished(state):
        yield from (Path(text).parent for text in run.request.parameters.values() if text.startswith("/"))
