"""Plans that were shown, kept by their digest: so that a later one can be set against them, line by line."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path

from saitotui.engine.store import write
from saitotui.model.plan import Plan, lines

MOST = 50
"""Plans that are kept; the oldest goes first."""
SHORT = 12
"""Characters of a digest that name a plan."""

_log = logging.getLogger(__name__)


def save(state: Path, plan: Plan) -> None:
    """Keeps the text of `plan` in the platform's state folder. A disk that refuses it stops nobody."""
    folder = state / "plans"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        write(folder / f"{plan.digest}.txt", "\n".join(lines(plan)).encode())
        for old in sorted(folder.glob("*.txt"), key=lambda file: file.stat().st_mtime)[:-MOST]:
            old.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("a plan was not kept in %s: %s", folder, error)


def saved(state: Path, digest: str) -> Sequence[str] | None:
    """The lines of the plan whose digest begins with `digest`; None when none, or more than one, is kept."""
    if len(digest) < SHORT or not digest.isalnum():
        return None
    found = list((state / "plans").glob(f"{digest}*.txt"))
    return found[0].read_text("utf-8").splitlines() if len(found) == 1 else None


def difference(before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """What changed between two plans' lines (their first, with the digest, aside): `- was`, `+ is`."""
    diff = difflib.unified_diff(
        [line.strip() for line in before[1:]], [line.strip() for line in after[1:]], n=0
    )
    return [f"{line[0]} {line[1:]}" for line in list(diff)[2:] if not line.startswith("@@")]
