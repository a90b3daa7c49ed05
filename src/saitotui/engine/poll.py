"""Asking: questions grouped into lanes, so that one that hangs delays nobody else."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from saitotui.model.command import Answer, Client, Command, Failure, FailureKind, Question
from saitotui.model.snapshot import Reading, Snapshot

SAME = 1.0
"""Seconds between two answers that are two: who keeps an answer knows its second."""

Lane: TypeAlias = tuple[Client, str, str, float]
"""Questions of one client, target, session and deadline travel together."""


class Asker(Protocol):
    """What a poll needs of the Hub."""

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]: ...


def lanes(questions: Iterable[Question[Any]]) -> Mapping[Lane, tuple[Question[Any], ...]]:
    """`questions` by lane."""
    grouped: dict[Lane, list[Question[Any]]] = defaultdict(list)
    for question in questions:
        command = question.command
        grouped[(command.client, command.target, command.session, question.deadline)].append(question)
    return {lane: tuple(group) for lane, group in grouped.items()}


async def ask_lane(
    hub: Asker, questions: Sequence[Question[Any]], clock: Callable[[], float]
) -> dict[str, Reading[Any]]:
    """One round trip for questions of one lane: a reading for each, by key."""
    started = time.perf_counter()
    answers = await hub.ask([question.command for question in questions], questions[0].deadline)
    cost, at = time.perf_counter() - started, clock()
    return {
        question.key: _reading(question, answer, at, cost)
        for question, answer in zip(questions, answers, strict=True)
    }


def _reading(question: Question[Any], answer: Answer | Failure, at: float, cost: float) -> Reading[Any]:
    value = question.read(answer)
    if isinstance(answer, Failure):
        return Reading(value, at, cost, every=question.every)
    if not answer.age:
        return Reading(value, at, cost, answer, every=question.every)
    # When somebody else asked is known to the second.
    return Reading(value, at - answer.age, max(cost, 1.0), replace(answer, age=0.0), every=question.every)


class Memory:
    """The newest readings of a platform, and for rates the good ones before them."""

    def __init__(self) -> None:
        self._readings: dict[str, Reading[Any]] = {}
        self._earlier: dict[str, Reading[Any]] = {}

    def keep(self, readings: Mapping[str, Reading[Any]]) -> None:
        for key, reading in readings.items():
            old = self._readings.get(key)
            if old is not None and old.ok and reading.ok and not _same(old, reading):
                self._earlier[key] = old
            self._readings[key] = reading if reading.ok or old is None else _remember(reading, old)

    def snapshot(self, at: float) -> Snapshot:
        return Snapshot(at, dict(self._readings), dict(self._earlier))


def _same(old: Reading[Any], new: Reading[Any]) -> bool:
    """Whether it is the same answer once more, which somebody else keeps: no rate comes of that."""
    return new.at - old.at < SAME and new.raw == old.raw


def _remember(failed: Reading[Any], old: Reading[Any]) -> Reading[Any]:
    """A failed reading that still knows the last good value."""
    good, good_at = (old.value, old.at) if old.ok else (old.good, old.good_at)
    return replace(failed, good=good, good_at=good_at)


async def look(
    hub: Asker,
    questions: Iterable[Question[Any]],
    memory: Memory,
    clock: Callable[[], float],
) -> Snapshot:
    """Asks everything once, all lanes at the same time, and gives the snapshot that comes of it, as of the
    first answers: nothing grows stale by waiting for somebody who hangs."""
    every, began = lanes(questions).values(), clock()
    answered = await asyncio.gather(*(ask_lane(hub, lane, clock) for lane in every))
    for readings in answered:
        memory.keep(readings)
    good = (one.at for readings in answered for one in readings.values() if one.ok)
    # What somebody else asked may be older than the look.
    return memory.snapshot(max(began, min(good, default=began)))


async def look_again(hub: Asker, questions: Iterable[Question[Any]], clock: Callable[[], float]) -> Snapshot:
    """One good look, before something is decided on it: what does not answer at first, for its connection
    was not open yet, is asked once more."""
    every, memory = tuple(questions), Memory()
    snapshot = await look(hub, every, memory, clock)
    silent = [one for one in every if _silent(snapshot.readings[one.key])]
    if not silent:
        return snapshot
    return replace(await look(hub, silent, memory, clock), at=snapshot.at)


def _silent(reading: Reading[Any]) -> bool:
    failure = reading.value
    return isinstance(failure, Failure) and failure.kind in (FailureKind.UNREACHABLE, FailureKind.TIMEOUT)
