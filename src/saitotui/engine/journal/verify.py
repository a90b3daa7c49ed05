"""Is the journal what was written? The first entry that is not is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from saitotui.engine.journal.entry import GENESIS, SEAL, TORN, Entry, digest
from saitotui.engine.journal.file import head_file, read


@dataclass(frozen=True, slots=True)
class Noted:
    """A head of the journal that was noted elsewhere: `where` names the witness."""

    where: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verification:
    """`broken` is the first thing wrong, as a sentence (empty: nothing is); `seals` counts good signatures,
    `sealed` is the number of the newest entry that a good one covers."""

    entries: int
    broken: str
    seals: int = 0
    sealed: int = 0
    witnesses: tuple[str, ...] = ()
    """Witnesses whose heads agree."""


def noted(where: str, text: str) -> list[Noted]:
    """Heads in a witness's file: lines of `seq hash`; other lines are ValueError."""
    heads = []
    for line in text.splitlines():
        seq, _, value = line.strip().partition(" ")
        if not seq.isdigit() or len(value) != 64:
            raise ValueError(f"{where}: not a list of journal heads")
        heads.append(Noted(where, int(seq), value))
    return heads


def verify(
    file: Path,
    witnesses: Iterable[Noted] = (),
    check_seal: Callable[[Entry], str] | None = None,
) -> Verification:
    """Reads the whole journal. `check_seal` gives why a seal is not good ('' if it is). JournalError when the
    file cannot be read."""
    heads = list(witnesses)
    try:
        heads += noted("the local note of the head", head_file(file).read_text(encoding="ascii"))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        return Verification(0, f"the local note of the head cannot be read: {error}")
    chain = _Chain(check_seal)
    for number, (line, found) in enumerate(read(file), 1):
        broken = chain.follow(line, found)
        if broken:
            return Verification(chain.seq, f"line {number}: {broken}", chain.seals, chain.sealed)
    broken = chain.end() or _against(heads, chain)
    agreeing = () if broken else tuple(dict.fromkeys(head.where for head in heads))
    return Verification(chain.seq, broken, chain.seals, chain.sealed, agreeing)


class _Chain:
    """Follows a journal line by line."""

    def __init__(self, check_seal: Callable[[Entry], str] | None) -> None:
        self.seq, self.hash, self.time = 0, GENESIS, ""
        self.seals = self.sealed = 0
        self.hashes: dict[int, str] = {0: GENESIS}
        self._check_seal = check_seal
        self._torn: bytes | None = None

    def follow(self, line: bytes, found: Entry | ValueError) -> str:
        """Why this line does not continue the chain; '' when it does."""
        if isinstance(found, ValueError):
            if self._torn is not None:
                return f"after entry {self.seq}: {found}"
            self._torn = line.rstrip(b"\n")
            return ""
        return self._torn_line(found) or self._link(found)

    def _torn_line(self, entry: Entry) -> str:
        torn, self._torn = self._torn, None
        if (torn is None) != (entry.kind != TORN):
            return f"entry {entry.seq}: a line before it is damaged, and no entry accounts for it"
        if torn is not None and entry.body.get("sha256") != hashlib.sha256(torn).hexdigest():
            return f"entry {entry.seq}: the damaged line before it is not the one it accounts for"
        return ""

    def _link(self, entry: Entry) -> str:
        if entry.seq != self.seq + 1:
            return f"entry {entry.seq} stands where entry {self.seq + 1} should"
        if entry.prev != self.hash:
            return f"entry {entry.seq} does not follow entry {self.seq}: the chain is broken"
        if entry.hash != digest(entry):
            return f"entry {entry.seq} was changed: its hash is not that of its text"
        if entry.at < self.time:
            return f"entry {entry.seq} is dated before entry {self.seq}"
        if entry.kind == SEAL:
            why = self._seal(entry)
            if why:
                return f"entry {entry.seq}: the seal is not good: {why}"
        self.seq, self.hash, self.time = entry.seq, entry.hash, entry.at
        self.hashes[entry.seq] = entry.hash
        return ""

    def _seal(self, entry: Entry) -> str:
        covered = entry.body.get("seq")
        if not isinstance(covered, int) or self.hashes.get(covered) != entry.body.get("hash"):
            return "what it covers is not in this journal"
        why = self._check_seal(entry) if self._check_seal is not None else ""
        if self._check_seal is not None and not why:
            self.seals, self.sealed = self.seals + 1, covered
        return why

    def end(self) -> str:
        """A half-written last line breaks nothing before it, but it is said."""
        return "" if self._torn is None else f"after entry {self.seq} a line is damaged (a power cut?)"


def _against(heads: Iterable[Noted], chain: _Chain) -> str:
    for head in heads:
        if head.seq > chain.seq:
            return (
                f"{head.where} knows entry {head.seq}, the journal ends at {chain.seq}: its end was cut off"
            )
        if chain.hashes[head.seq] != head.hash:
            return f"{head.where} noted another entry {head.seq}: the journal was rewritten"
    return ""
