"""Runs: what happens to a plan, as a list of events that a console draws and a later one reads again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saitotui.model.plan import Outcome


class Kind(StrEnum):
    """What a run event tells."""

    PREFLIGHT = "preflight"
    """One line of the preflight; data: grade (green, amber, red), measured."""
    LEASE = "lease"
    GATE = "gate"
    """The run waits; data: confirm (what must be typed), choices."""
    STAGE = "stage"
    STEP = "step"
    """A step begins, or ends when data has an outcome."""
    ACT = "act"
    """A command is sent; data: target, client, text."""
    ANSWER = "answer"
    """What came back; data: text, cost (seconds), ok."""
    CHECK = "check"
    """A check was asked; data: holds, measured."""
    UNDO = "undo"
    CONTROL = "control"
    """Somebody took, gave or lost the controls; data: holder."""
    NOTE = "note"
    OUTCOME = "outcome"
    """The end; data: outcome."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """`stage` and `step` are indices into the plan (-1: none; stage -1 with a step: the robots' steps)."""

    seq: int
    at: float
    kind: Kind
    sentence: str
    stage: int = -1
    step: int = -1
    data: Mapping[str, Any] = field(default_factory=dict)


class Decision(StrEnum):
    """What the holder of the controls says at a gate."""

    GO = "go"
    """Begin the stage; after trouble: try the step again."""
    UNDO = "undo"
    """Undo everything that can be, newest first, and end."""
    ABANDON = "abandon"
    """End here, with everything as it is."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended: one sentence, and for INDETERMINATE the probe that settles it."""

    outcome: Outcome
    sentence: str
    probe: str = ""

    @property
    def exit_code(self) -> int:
        """Distinct for each outcome: 0 done, 10 already, 11 refused, 12 undone, 13 failed, 14 cannot tell."""
        return {
            Outcome.DONE: 0,
            Outcome.ALREADY: 10,
            Outcome.REFUSED: 11,
            Outcome.UNDONE: 12,
            Outcome.FAILED: 13,
            Outcome.INDETERMINATE: 14,
        }[self.outcome]
