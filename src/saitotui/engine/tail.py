"""Following logs of many machines at once, in the order in which things happened.

Each log is a stream of its own; one that breaks is begun again, and says so meanwhile. Entries stand in the
order of their times, corrected by how far each host's clock is from this one's.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from bisect import insort
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from saitotui.clients.base import Streams
from saitotui.clients.quoting import shell
from saitotui.model.command import Client, Command, Failure
from saitotui.model.health import Health
from saitotui.model.log import Log
from saitotui.model.text import clean

BEFORE = 100
"""Lines of each log that are shown at the beginning."""
KEPT = 2_000
"""Entries, of all logs together; the oldest go."""
GOES_ON = 60
"""Lines of one entry that are kept: a stack trace may have hundreds."""
LINE = 4_000
"""Characters of a line."""
WELL = 3
"""Entries of one busy log and second in which nothing is wrong that are shown; the others are counted."""
FIRST = 15.0
"""Seconds in which a host must say what time it is."""
SHORT = 5.0
"""Seconds that a stream lasts at least, where all is well."""
DAY = 86_400
PAUSES = (1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts."""
NEWS = 0.25
"""Seconds between two tellings."""

_CLOCK = re.compile(r"^(\d{1,12})\.(\d{1,9})([+-])(\d\d)(\d\d)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """What one log said at one moment: the first of its `lines` begins it. `number` names it."""

    at: float
    number: int
    log: Log
    health: Health
    lines: tuple[str, ...]
    more: int = 0
    """Lines, or entries, that are not kept."""


@dataclass(frozen=True, slots=True)
class Tailed:
    """What was heard so far, newest first. `wrong` says of each log (by its label) why it is not heard; one
    that was not heard yet is missing in both."""

    entries: tuple[Entry, ...] = ()
    heard: frozenset[str] = frozenset()
    wrong: Mapping[str, str] = field(default_factory=dict)

    def entry(self, number: str) -> Entry | None:
        return next((one for one in self.entries if str(one.number) == number), None)


def follow_command(log: Log, lines: int = BEFORE) -> Command:
    """First the host's time and zone, then the last lines of the log, then what comes."""
    file = shell(log.file)
    today = f'"$(date +{file})"' if log.daily else file
    return Command(Client.SSH, log.host, f"date +%s.%N%z; exec tail -n {lines} -F -- {today}")


class Tail:
    """Follows `logs`. `news` is called, on the thread that follows, when there is something to show."""

    def __init__(
        self, logs: Sequence[Log], news: Callable[[], None], clock: Callable[[], float], most: int = KEPT
    ) -> None:
        self._logs, self._news, self._clock, self._most = logs, news, clock, most
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._heard: set[str] = set()
        self._wrong: dict[str, str] = {}
        self._number = 0
        self._changed = False

    @property
    def seen(self) -> Tailed:
        """May be asked on any thread."""
        with self._lock:
            return Tailed(tuple(reversed(self._entries)), frozenset(self._heard), dict(self._wrong))

    async def run(self, hosts: Streams) -> None:
        """Follows until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for log in self._logs:
                group.create_task(self._follow(log, hosts))
            group.create_task(self._tell())

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(NEWS)
            if self._changed:
                self._changed = False
                self._news()

    async def _follow(self, log: Log, hosts: Streams) -> None:
        reader, failed = _Reader(self, log), 0
        while True:
            heard = await reader.once(hosts)
            failed = 0 if heard else failed + 1
            await asyncio.sleep(PAUSES[min(failed, len(PAUSES) - 1)])

    def now(self) -> float:
        return self._clock()

    def heard(self, log: Log) -> None:
        with self._lock:
            self._heard.add(log.label)
            self._wrong.pop(log.label, None)
        self._changed = True

    def lost(self, log: Log, why: str) -> None:
        with self._lock:
            self._heard.discard(log.label)
            self._wrong[log.label] = why
        self._changed = True

    def add(self, log: Log, at: float, health: Health, text: str) -> Entry:
        with self._lock:
            self._number += 1
            entry = Entry(at, self._number, log, health, (text,))
            insort(self._entries, entry, key=_place)
            del self._entries[: -self._most]
        self._changed = True
        return entry

    def change(self, old: Entry, new: Entry) -> Entry:
        """Puts `new` where `old` stands, if that is still kept."""
        with self._lock:
            for at in range(len(self._entries) - 1, -1, -1):
                if self._entries[at].number == old.number:
                    self._entries[at] = new
                    break
        self._changed = True
        return new


def _place(entry: Entry) -> tuple[float, int]:
    return entry.at, entry.number


class _Reader:
    """One log, over all its streams."""

    def __init__(self, tail: Tail, log: Log) -> None:
        self._tail, self._log = tail, log
        self._zone, self._ahead = 0, 0.0
        self._last: Entry | None = None
        self._recent: deque[str] = deque(maxlen=2 * BEFORE)
        self._shown: frozenset[str] = frozenset()
        self._repeats = 0
        self._second, self._well = 0, 0
        self._counted: Entry | None = None

    async def once(self, hosts: Streams) -> bool:
        """Follows one stream to its end; whether that lasted."""
        self._shown, self._repeats = frozenset(self._recent), BEFORE
        began, why = time.monotonic(), ""
        async with aclosing(hosts.stream(follow_command(self._log))) as lines:
            try:
                async with asyncio.timeout(FIRST):
                    first = await anext(lines, None)
                why = self._begin(first) or await self._read(lines)
            except TimeoutError:
                why = f"{self._log.host} does not answer within {FIRST:g} s"
        lasted = time.monotonic() - began > SHORT
        if why:
            self._tail.lost(self._log, why)
        return lasted

    async def _read(self, lines: AsyncGenerator[str | Failure, None]) -> str:
        """Takes lines until they end; '' or why they do. A file that is another one each day ends with the
        day, by the host's clock."""
        local = self._tail.now() + self._ahead + self._zone
        try:
            async with asyncio.timeout(DAY - local % DAY + 1 if self._log.daily else None):
                async for line in lines:
                    if isinstance(line, Failure):
                        return line.sentence
                    self._take(clean(line, limit=LINE))
        except TimeoutError:
            return ""
        return f"{self._log.file} on {self._log.host} cannot be followed"

    def _begin(self, first: str | Failure | None) -> str:
        """Takes the host's time and zone; '' or why there is none."""
        if isinstance(first, Failure):
            return first.sentence
        found = _CLOCK.match(first or "")
        if found is None:
            return f"{self._log.host} does not say what time it is: {clean(first or 'nothing', limit=80)!r}"
        self._zone = (int(found[4]) * 3600 + int(found[5]) * 60) * (-1 if found[3] == "-" else 1)
        self._ahead = float(f"{found[1]}.{found[2]}") - self._tail.now()
        self._tail.heard(self._log)
        return ""

    def _take(self, text: str) -> None:
        if self._repeats:
            self._repeats -= 1
            if text in self._shown:
                # It was shown before the stream broke.
                return
        self._recent.append(text)
        line = self._log.read(text, self._zone)
        if line is None:
            self._go_on(text)
            return
        at = line.at - self._ahead
        if self._log.busy and line.health is Health.OK and self._too_many(at):
            return
        self._last = self._tail.add(self._log, at, line.health, line.text)

    def _go_on(self, text: str) -> None:
        """A line that is no beginning: of the entry before, or of none that is known."""
        last = self._last
        if text.startswith("tail: "):
            wrong = "cannot" in text or "inaccessible" in text
            self._tail.add(self._log, self._tail.now(), Health.WARN if wrong else Health.OK, text)
        elif last is None:
            self._last = self._tail.add(self._log, self._tail.now(), Health.OK, text)
        elif len(last.lines) < GOES_ON:
            self._last = self._tail.change(last, replace(last, lines=(*last.lines, text)))
        else:
            self._last = self._tail.change(last, replace(last, more=last.more + 1))

    def _too_many(self, at: float) -> bool:
        """Counts what is well of one second; whether it is only counted."""
        if int(at) != self._second:
            self._second, self._well, self._counted = int(at), 0, None
        self._well += 1
        if self._well <= WELL:
            return False
        if self._counted is None:
            self._counted = self._tail.add(self._log, at, Health.OK, "")
        more = self._well - WELL
        new = replace(self._counted, lines=(f"... and {more} more in this second, nothing wrong",), more=more)
        self._counted = self._tail.change(self._counted, new)
        return True
