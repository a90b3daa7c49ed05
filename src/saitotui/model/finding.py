"""Named situations: permanent codes with one sentence each."""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.model.health import Health


@dataclass(frozen=True, slots=True)
class Finding:
    """A situation met on a platform. `sentence` is what a colleague would say; `evidence` are the facts
    it rests on, each with where it was read; `cause` is the code of the finding that explains this one
    (a consequence is drawn dimmed)."""

    code: str
    subject: str
    health: Health
    sentence: str
    evidence: tuple[str, ...] = ()
    runbooks: tuple[str, ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """A kind of finding, declared once by its tier. `code` is `tier.words-with-hyphens` and never changes;
    `meaning` says why it matters, `advice` what to do; `runbooks` are ids in words (`swap-db-master`)."""

    code: str
    health: Health
    title: str
    meaning: str
    advice: str
    runbooks: tuple[str, ...] = ()

    def found(
        self,
        subject: str,
        sentence: str,
        *evidence: str,
        health: Health | None = None,
        cause: str = "",
    ) -> Finding:
        """This situation, met on `subject`."""
        return Finding(
            self.code,
            subject,
            self.health if health is None else health,
            sentence,
            tuple(evidence),
            self.runbooks,
            cause,
        )
