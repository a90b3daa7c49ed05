"""The journal as the console shows it: its newest entries, and whether it is what was written."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from saitotui.engine.journal.entry import Entry, JournalError
from saitotui.engine.journal.file import read
from saitotui.engine.journal.seal import check_seal
from saitotui.engine.journal.verify import Noted, Verification, verify
from saitotui.model.profile import Profile
from saitotui.ui.draw.acts import Seen

KEPT = 1_000
"""Entries that are shown; `saitotui journal show` has all."""


def read_journal(
    file: Path,
    profile: Profile,
    heads: Sequence[Noted] = (),
    unheard: Mapping[str, str] | None = None,
) -> Seen:
    """Reads and verifies the whole journal; `heads` are what witnesses noted, `unheard` why some did not
    answer. Takes a second for 50,000 entries: not for the event loop."""
    if not file.exists():
        return Seen(verdict="no entry yet: nobody acted from here")
    newest: deque[Entry] = deque(maxlen=KEPT)
    count = 0
    try:
        for _, entry in read(file):
            if isinstance(entry, Entry):
                newest.append(entry)
                count += 1
        signers = profile.acting.allowed_signers
        check = (lambda entry: check_seal(entry, Path(signers))) if signers else None
        found = verify(file, heads, check)
    except JournalError as error:
        return Seen(tuple(reversed(newest)), count, str(error), broken=True)
    words = _words(found, bool(signers), profile, heads, unheard or {})
    return Seen(tuple(reversed(newest)), count, words, bool(found.broken))


def _words(
    found: Verification,
    signed: bool,
    profile: Profile,
    heads: Sequence[Noted],
    unheard: Mapping[str, str],
) -> str:
    if found.broken:
        return f"BROKEN: {found.broken}"
    entries = "1 entry" if found.entries == 1 else f"{found.entries} entries"
    said = [f"{entries}, each follows the one before"]
    if signed:
        said.append(f"{found.seals} good seals, signed up to entry {found.sealed}")
    if heads:
        said.append(f"{', '.join(dict.fromkeys(head.where for head in heads))} agree")
    said += [f"witness {host} cannot be asked: {why}" for host, why in unheard.items()]
    if profile.acting.witnesses and not heads and not unheard:
        said.append("v compares it with its witnesses")
    return "; ".join(said)
