"""Logs of several machines in one order, whatever becomes of the streams."""

from __future__ import annotations

import asyncio
import time
from calendar import timegm
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from tests.engine.test_waits import until

from saitotui.engine import tail
from saitotui.engine.tail import Tail, Tailed, follow_command
from saitotui.facts import log_lines
from saitotui.model.command import Command, Failure, FailureKind
from saitotui.model.health import Health
from saitotui.model.log import Log

NOW = float(timegm((2026, 11, 29, 3, 12, 0)))
WEB = Log("web1", "error", "web1", "/var/log/nginx/error.log", log_lines.error)
TC = Log("tc1", "log", "tc1", "/var/log/tomcat10/catalina.%Y-%m-%d.log", log_lines.juli)


def clock(at: float = NOW, zone: str = "+0000") -> str:
    return f"{at:.9f}{zone}"


def nginx(second: int, text: str, level: str = "error") -> str:
    return f"2026/11/29 03:12:{second:02d} [{level}] {text}"


def tomcat(second: float, text: str, level: str = "INFO", hour: int = 3) -> str:
    whole = int(second)
    return f"29-Nov-2026 {hour:02d}:12:{whole:02d}.{round(1000 * (second - whole)):03d} {level} {text}"


@dataclass
class Hosts:
    """Streams by host: each is what comes, a Failure to break, an Event to wait for."""

    streams: dict[str, list[list[str | Failure | asyncio.Event]]]
    asked: list[Command] = field(default_factory=list)
    open: int = 0

    async def stream(self, command: Command) -> AsyncGenerator[str | Failure, None]:
        self.asked.append(command)
        waiting = self.streams.get(command.target, [])
        script = waiting.pop(0) if waiting else [asyncio.Event()]
        self.open += 1
        try:
            for one in script:
                if isinstance(one, asyncio.Event):
                    await one.wait()
                else:
                    yield one
        finally:
            self.open -= 1


def texts(seen: Tailed) -> list[str]:
    """Oldest first."""
    return [entry.lines[0].split(" ", 1)[1] for entry in reversed(seen.entries)]


@asynccontextmanager
async def following(
    hosts: Hosts, *logs: Log, now: Callable[[], float] = lambda: NOW, most: int = 2_000
) -> AsyncGenerator[Tail, None]:
    following = Tail(logs, lambda: None, now, most)
    task = asyncio.create_task(following.run(hosts))
    try:
        yield following
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not hosts.open


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "PAUSES", (0.01, 0.02))


async def test_entries_stand_in_the_order_of_their_times() -> None:
    later = asyncio.Event()
    hosts = Hosts(
        {
            "web1": [[clock(), nginx(10, "a"), nginx(12, "c"), later, nginx(11, "late"), asyncio.Event()]],
            "tc1": [[clock(), tomcat(11.5, "b"), asyncio.Event()]],
        }
    )
    async with following(hosts, WEB, TC) as seen:
        await until(lambda: len(seen.seen.entries) == 3)
        assert texts(seen.seen) == ["a", "b", "c"]
        later.set()
        await until(lambda: len(seen.seen.entries) == 4)
        assert texts(seen.seen) == ["a", "late", "b", "c"]
        assert seen.seen.heard == {"web1 error", "tc1 log"}
    assert hosts.asked[0].text.startswith("date +%s.%N%z; exec tail -n 100 -F -- /var/log/nginx/error.log")


async def test_clocks_that_differ_and_zones_do_not_change_the_order() -> None:
    """The Tomcat's clock is 100 s ahead, and shows two hours more."""
    hosts = Hosts(
        {
            "web1": [[clock(), nginx(20, "second"), asyncio.Event()]],
            "tc1": [[clock(NOW + 100, "+0200"), "29-Nov-2026 05:13:50.500 INFO first", asyncio.Event()]],
        }
    )
    async with following(hosts, WEB, TC) as seen:
        await until(lambda: len(seen.seen.entries) == 2)
        assert texts(seen.seen) == ["first", "second"]
        assert seen.seen.entries[1].at == pytest.approx(NOW + 10.5)


async def test_lines_that_go_on_stand_with_the_one_that_began() -> None:
    trace = [f"\tat shop.Frame{number}" for number in range(100)]
    hosts = Hosts(
        {"tc1": [[clock(), tomcat(1, "thrown", "SEVERE"), *trace, tomcat(2, "next"), asyncio.Event()]]}
    )
    async with following(hosts, TC) as seen:
        await until(lambda: len(seen.seen.entries) == 2)
        entry = seen.seen.entries[1]
        assert entry.health is Health.CRIT
        assert len(entry.lines) == tail.GOES_ON
        assert len(entry.lines) + entry.more == 101
        assert seen.seen.entry(str(entry.number)) == entry


async def test_a_stream_that_breaks_is_begun_again_and_repeats_nothing() -> None:
    lost = Failure(FailureKind.UNREACHABLE, "tc1 (10.0.0.61): SSH ended")
    begin = asyncio.Event()
    first: list[str | Failure | asyncio.Event] = [clock(), tomcat(1, "one"), tomcat(2, "two"), lost]
    again: list[str | Failure | asyncio.Event] = [
        begin,
        clock(),
        tomcat(1, "one"),
        tomcat(2, "two"),
        tomcat(3, "three"),
        asyncio.Event(),
    ]
    async with following(Hosts({"tc1": [first, again]}), TC) as seen:
        await until(lambda: bool(seen.seen.wrong))
        assert seen.seen.wrong == {"tc1 log": "tc1 (10.0.0.61): SSH ended"}
        assert not seen.seen.heard
        begin.set()
        await until(lambda: len(seen.seen.entries) == 3)
        assert texts(seen.seen) == ["one", "two", "three"]
        assert not seen.seen.wrong
        assert seen.seen.heard == {"tc1 log"}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ([], "tc1 does not say what time it is: 'nothing'"),
        (["sh: date: not found"], "tc1 does not say what time it is: 'sh: date: not found'"),
        ([clock()], "catalina.%Y-%m-%d.log on tc1 cannot be followed"),
        ([Failure(FailureKind.DENIED, "tc1: no key is accepted")], "tc1: no key is accepted"),
    ],
)
async def test_why_a_log_is_not_heard(script: list[str | Failure | asyncio.Event], why: str) -> None:
    async with following(Hosts({"tc1": [script]}), TC) as seen:
        await until(lambda: bool(seen.seen.wrong))
        assert why in seen.seen.wrong["tc1 log"]


async def test_a_host_that_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "FIRST", 0.05)
    async with following(Hosts({}), TC) as seen:
        await until(lambda: bool(seen.seen.wrong))
        assert "tc1 does not answer within 0.05 s" in seen.seen.wrong["tc1 log"]


async def test_of_what_is_well_not_everything_is_shown() -> None:
    many = [tomcat(1 + number / 1000, f"well {number}") for number in range(50)]
    bad = tomcat(1.5, "bad", "SEVERE")
    hosts = Hosts({"tc1": [[clock(), *many, bad, tomcat(2, "next second"), asyncio.Event()]]})
    async with following(hosts, replace(TC, busy=True)) as seen:
        await until(lambda: texts(seen.seen)[-1:] == ["next second"])
        assert len(seen.seen.entries) == tail.WELL + 3
        counted = [entry for entry in seen.seen.entries if entry.more]
        assert [entry.lines for entry in counted] == [("... and 47 more in this second, nothing wrong",)]
        assert "bad" in texts(seen.seen)


async def test_what_tail_itself_says_is_an_entry() -> None:
    said = "tail: cannot open '/var/log/x' for reading: No such file or directory"
    hosts = Hosts(
        {"tc1": [[clock(), said, "tail: '/var/log/x' has appeared;  following new file", asyncio.Event()]]}
    )
    async with following(hosts, TC) as seen:
        await until(lambda: len(seen.seen.entries) == 2)
        assert [entry.health for entry in reversed(seen.seen.entries)] == [Health.WARN, Health.OK]


async def test_the_oldest_go() -> None:
    lines = [tomcat(second, f"n{second}", "SEVERE") for second in range(30)]
    async with following(Hosts({"tc1": [[clock(), *lines, asyncio.Event()]]}), TC, most=10) as seen:
        await until(lambda: bool(seen.seen.entries) and texts(seen.seen)[-1] == "n29")
        assert texts(seen.seen) == [f"n{second}" for second in range(20, 30)]


async def test_when_the_day_ends_the_file_of_the_next_one_is_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the clock of the host, which is two hours east and a second before midnight."""
    monkeypatch.setattr(tail, "SHORT", 0.0)
    began = time.monotonic()

    def now() -> float:
        return timegm((2026, 11, 28, 21, 59, 59)) + 0.5 + time.monotonic() - began

    def here() -> str:
        return clock(now(), "+0200")

    today: list[str | Failure | asyncio.Event] = [here(), asyncio.Event()]
    next_day: list[str | Failure | asyncio.Event] = [here(), tomcat(1, "of the new day"), asyncio.Event()]
    hosts = Hosts({"tc1": [today, next_day]})
    async with following(hosts, TC, now=now) as seen:
        await until(lambda: bool(seen.seen.entries))
        assert not seen.seen.wrong
    assert len(hosts.asked) == 2


def test_the_file_of_today() -> None:
    text = follow_command(TC, 5).text
    assert text == 'date +%s.%N%z; exec tail -n 5 -F -- "$(date +/var/log/tomcat10/catalina.%Y-%m-%d.log)"'
    strange = Log("n", "log", "h", "/var/log/it's $HOME %d.log", log_lines.juli)
    assert follow_command(strange, 5).text.endswith(""""$(date +'/var/log/it'"'"'s $HOME %d.log')\"""")
