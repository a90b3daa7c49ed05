"""Readings, and all of them at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from saitotui.model.command import Answer, Failure, FailureKind, Question

T = TypeVar("T")

STALE_AFTER_POLLS = 3
"""A reading older than this many of its intervals (plus its deadline) is stale, and stale is not OK."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """The answer to one question.

    `at` is when the answer came (UTC, seconds since the epoch), `cost` how long it took (seconds).
    `good` is the newest real value when the latest attempt failed (None if there never was one), with
    `good_at`; `raw` is what came back, kept so that a snapshot can be recorded and shown.
    """

    value: T | Failure
    at: float
    cost: float = 0.0
    raw: Answer | None = None
    good: T | None = None
    good_at: float = 0.0
    every: float = 0.0
    """Seconds between two such answers, where they come more seldom than their question says."""

    @property
    def ok(self) -> bool:
        return not isinstance(self.value, Failure)

    @property
    def failure(self) -> Failure | None:
        return self.value if isinstance(self.value, Failure) else None

    def get(self) -> T | None:
        """The value, or None when the latest attempt failed."""
        return None if isinstance(self.value, Failure) else self.value


PENDING: Reading[Any] = Reading(Failure(FailureKind.PENDING, "not asked yet"), 0.0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All current readings of a platform at one moment, `at` (UTC seconds).

    `earlier` holds for each key the good reading before the current one, for rates.
    """

    at: float
    readings: Mapping[str, Reading[Any]] = field(default_factory=dict)
    earlier: Mapping[str, Reading[Any]] = field(default_factory=dict)

    def reading(self, question: Question[T]) -> Reading[T]:
        """The reading of `question`; a PENDING failure when it was never asked. Stale readings come back
        as a TIMEOUT failure whose `good` is the old value: stale is never OK."""
        reading: Reading[T] = self.readings.get(question.key, PENDING)
        if reading.ok and self.is_stale(question):
            sentence = f"{question.key}: last answer is {self.at - reading.at:.0f}s old"
            return Reading(
                Failure(FailureKind.TIMEOUT, sentence),
                reading.at,
                reading.cost,
                reading.raw,
                reading.get(),
                reading.at,
                reading.every,
            )
        return reading

    def get(self, question: Question[T]) -> T | None:
        """The fresh value of `question`, or None: failed, stale and never asked alike."""
        return self.reading(question).get()

    def last(self, question: Question[T]) -> T | None:
        """The newest value ever read, however old: to be shown with its age, never to be judged as OK."""
        reading = self.readings.get(question.key, PENDING)
        good: T | None = reading.get() if reading.ok else reading.good
        return good

    def is_stale(self, question: Question[Any]) -> bool:
        reading = self.readings.get(question.key, PENDING)
        every = max(reading.every, question.every)
        return self.at - reading.at > STALE_AFTER_POLLS * every + question.deadline

    def rate(self, question: Question[T], counter: Callable[[T], float]) -> float | None:
        """Increase of a counter per second between the two newest good readings; None if unknown or reset."""
        now, before = self.reading(question), self.earlier.get(question.key)
        if isinstance(now.value, Failure) or before is None or isinstance(before.value, Failure):
            return None
        seconds, growth = now.at - before.at, counter(now.value) - counter(before.value)
        return growth / seconds if seconds > 0 and growth >= 0 else None
