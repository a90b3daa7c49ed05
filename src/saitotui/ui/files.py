"""Files of this machine, to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

MOST = 40
SUFFIXES = (".war",)
"""What runbooks take."""


def files_like(begun: str, folders: Sequence[Path]) -> list[str]:
    """What a path that was begun may become: folders end in `/`. Before anything is typed, the files that lie
    in `folders`. Names with blanks are left out: a command line is split at them."""
    try:
        if not begun:
            found = [
                path.absolute() for folder in folders for path in _sorted(folder) if path.suffix in SUFFIXES
            ]
        else:
            path = Path(begun)
            folder, name = (path, "") if begun.endswith("/") else (path.parent, path.name)
            found = [
                one
                for one in _sorted(folder.expanduser())
                if one.name.startswith(name) and (one.is_dir() or one.suffix in SUFFIXES)
            ]
        names = [f"{one}/" if one.is_dir() else str(one) for one in found[: 2 * MOST]]
    except OSError:
        return []
    return [name for name in dict.fromkeys(names) if " " not in name][:MOST]


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
