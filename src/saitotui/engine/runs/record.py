"""What a run leaves behind: events for consoles, entries for the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from saitotui.engine.evidence import pieces
from saitotui.engine.journal.entry import JournalError
from saitotui.model.command import Answer, Command, Failure
from saitotui.model.run import Kind, RunEvent
from saitotui.model.text import clean

ANSWER_LIMIT = 4096
"""Characters of an answer that are kept in events and journal."""


class Appender(Protocol):
    """What a run needs of the journal: raises JournalError when nothing could be written."""

    def append_all(self, items: list[tuple[str, Mapping[str, Any]]], run: str = "") -> Sequence[object]: ...


class Record:
    """Writes the journal and tells the consoles, in one place, so that both say the same."""

    def __init__(
        self,
        journal: Appender,
        run: str,
        publish: Callable[[RunEvent], None],
        *,
        first: int = 1,
        clock: Callable[[], float] = time.time,
        evidence: Path | None = None,
    ) -> None:
        self._journal = journal
        self._run = run
        self._publish = publish
        self._seq = first
        self._clock = clock
        self._evidence = evidence
        self.place = (-1, -1)
        """Stage and step of the last thing told that has them."""
        self.strict = True
        """Whether an intent that cannot be journalled forbids the act. Only an undo may go on without."""

    def journal(self, *items: tuple[str, Mapping[str, Any]]) -> None:
        """Entries, all on disk when this returns; JournalError otherwise."""
        if self.strict:
            self._journal.append_all(list(items), self._run)
        else:
            self.late(*items)

    def late(self, *items: tuple[str, Mapping[str, Any]]) -> None:
        """Entries about what has happened already: when they cannot be written it is told, and the run goes
        on to undo or to prove; its next intent will be refused."""
        try:
            self._journal.append_all(list(items), self._run)
        except JournalError as error:
            for kind, body in items:
                self.tell(Kind.NOTE, f"not in the journal ({error}): {kind} {body}")

    def keep(self, name: str, text: str) -> str:
        """Keeps a piece of evidence, and says where; why that cannot be, or ''."""
        if self._evidence is None:
            return "there is no folder for evidence"
        try:
            piece = pieces.keep(self._evidence, name, text, self._clock())
        except OSError as error:
            return f"evidence cannot be kept in {self._evidence}: {error.strerror or error}"
        self.late(("evidence", piece.body))
        self.tell(Kind.NOTE, f"kept as evidence: {piece.file}", *self.place)
        return ""

    def tell(self, kind: Kind, sentence: str, stage: int = -1, step: int = -1, **data: Any) -> None:
        """One event for whoever watches now or later."""
        self.place = (stage, step) if stage >= 0 else self.place
        event = RunEvent(self._seq, self._clock(), kind, clean(sentence), stage, step, data)
        self._seq += 1
        self._publish(event)


def command_body(command: Command) -> dict[str, Any]:
    """A command as the journal keeps it: what was sent, where, over which client."""
    body = {"client": command.client.value, "target": command.target, "text": command.text}
    body |= {"file": command.file.path, "sha256": command.file.sha256} if command.file else {}
    return {**body, "danger": command.danger.name, **({"body": command.body} if command.body else {})}


def answer_body(answer: Answer | Failure) -> dict[str, Any]:
    """An answer as the journal keeps it."""
    if isinstance(answer, Failure):
        return {"failure": answer.kind.value, "text": clean(answer.sentence, limit=ANSWER_LIMIT)}
    rows = [dict(row) for row in answer.rows[:20]]
    body: dict[str, Any] = {"status": answer.status, "text": clean(answer.text, limit=ANSWER_LIMIT)}
    return {**body, "rows": rows} if rows else body
