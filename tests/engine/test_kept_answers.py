"""Answers that somebody else keeps: how old they are, and that the same one is seen again and again."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.engine.poll import Memory, ask_lane
from saitotui.model.command import Answer, Client, Command, Failure, Question
from saitotui.model.snapshot import Snapshot

COUNTER = Question(
    "hosts/db1/count", "host/db1", Command(Client.RELAY, "zabbix", "db1 k"), lambda answer: int(answer.text),
    every=5.0, deadline=10.0,
)  # fmt: skip


class Kept:
    """A value that is sampled each five seconds, and grows by ten a second."""

    def __init__(self) -> None:
        self.now = 1000.0

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        sampled = self.now // 5 * 5
        return [Answer(f"{sampled * 10:.0f}", age=self.now - sampled) for _ in commands]


async def test_its_rate_is_not_lost_between_two_samples() -> None:
    kept, memory = Kept(), Memory()
    rates: list[float | None] = []
    for now in (1000.0, 1002.0, 1004.0, 1005.5, 1007.0, 1009.9, 1010.2, 1012.0):
        kept.now = now
        memory.keep(await ask_lane(kept, [COUNTER], lambda: kept.now))
        rates.append(memory.snapshot(now).rate(COUNTER, float))
    assert rates == [None, None, None, 10.0, 10.0, 10.0, 10.0, 10.0]


async def test_its_time_is_when_it_was_made() -> None:
    kept = Kept()
    kept.now = 1004.0
    readings = await ask_lane(kept, [COUNTER], lambda: kept.now)
    reading = readings[COUNTER.key]
    assert reading.at == 1000.0
    assert reading.cost >= 1.0
    assert reading.raw == Answer("10000")
    # By the interval in which it is asked, not by that of whoever reads it.
    impatient = Question(COUNTER.key, COUNTER.subject, COUNTER.command, COUNTER.parse, 1.0, 1.0)
    assert not Snapshot(1015.0, readings).is_stale(impatient)
    assert Snapshot(1017.0, readings).is_stale(impatient)
