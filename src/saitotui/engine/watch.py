"""Watching a platform: a thread with its own event loop, so that a stalled terminal stops no question.

It publishes one immutable picture after the other (see model/source.py).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from saitotui.clients.base import Streams
from saitotui.engine import store
from saitotui.engine.judge import judge
from saitotui.engine.nudging import listen
from saitotui.engine.poll import Asker, Memory, ask_lane, lanes
from saitotui.engine.recording import Recorder
from saitotui.engine.registry import Platform, nudges
from saitotui.model.command import Question
from saitotui.model.picture import Picture

MIN_PUBLISH = 0.25
"""Seconds between two pictures at least: answers that come together are drawn together."""
FIRST_LOOK = 4.0
"""Seconds that the last known state is shown for at most, while not everything was asked yet."""
SAVE_EVERY = 30.0
"""Seconds between two writes of the last known state."""

_log = logging.getLogger(__name__)


def _set_all(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        event.set()


class Hub(Asker, Streams, Protocol):
    async def aclose(self) -> None: ...


class Watch:
    """A live `Source`. `open_hub` is called on the watch's own thread; `last_state` is the file that keeps
    the last known state (None: not kept), `recorder` keeps what is seen (None: nobody)."""

    def __init__(
        self,
        platform: Platform,
        open_hub: Callable[[], Hub],
        *,
        last_state: Path | None = None,
        recorder: Recorder | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._platform = platform
        self._open_hub = open_hub
        self._last_state = last_state
        self._recorder = recorder
        self._clock = clock
        self._memory = Memory()
        self._picture: Picture | None = None
        self._listeners: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._running = threading.Event()
        self._paused = False
        self._news: asyncio.Event | None = None
        self._hurry: list[asyncio.Event] = []
        self._unasked: set[str] = set()
        self._saved = 0.0
        self._save_failed = False

    @property
    def picture(self) -> Picture | None:
        return self._picture

    def listen(self, callback: Callable[[], None]) -> None:
        self._listeners.append(callback)

    def start(self) -> None:
        self._restore()
        self._thread = threading.Thread(target=self._run, name="saitotui-watch", daemon=True)
        self._thread.start()
        self._running.wait(5)

    def stop(self) -> None:
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._call(self._stopping.set)
        if self._thread is not None:
            self._thread.join(5)

    def pause(self, paused: bool) -> None:
        self._paused = paused
        self._call(self._wake)

    def refresh(self) -> None:
        self._call(self._hurry_all)

    def _call(self, function: Callable[[], None]) -> None:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            _log.debug("the watch has already ended")

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()

    def _hurry_all(self) -> None:
        _set_all(self._hurry)

    def _restore(self) -> None:
        """Publishes the last known state, marked as such, before anything was asked; else an empty one."""
        if self._last_state is None or not self._last_state.is_file():
            self._publish(judge(self._platform, self._memory.snapshot(self._clock()), whole=False))
            return
        try:
            snapshot = store.load(self._last_state.read_bytes(), self._platform.questions)
        except (OSError, ValueError) as error:
            _log.warning("the last known state cannot be read: %s: %s", self._last_state, error)
            return
        self._memory.keep(snapshot.readings)
        self._publish(replace(judge(self._platform, snapshot, whole=False), restored=True))

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._news = asyncio.Event(), asyncio.Event()
        hub = self._open_hub()
        groups = lanes(self._platform.questions.values()).values()
        self._hurry = [asyncio.Event() for _ in groups]
        self._unasked = {group[0].key for group in groups}
        tasks = [
            asyncio.create_task(self._lane(hub, group, hurry), name=group[0].key)
            for group, hurry in zip(groups, self._hurry, strict=True)
        ]
        for nudge in nudges(self._platform.profile):
            lane = [
                hurry
                for group, hurry in zip(groups, self._hurry, strict=True)
                if any(question.key in nudge.keys for question in group)
            ]
            tasks.append(asyncio.create_task(listen(hub, nudge, partial(_set_all, lane)), name="nudge"))
        tasks.append(asyncio.create_task(self._publisher(), name="publisher"))
        self._running.set()
        try:
            stopped = asyncio.create_task(self._stopping.wait())
            done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                _log.error("the watch's task %s ended", task.get_name(), exc_info=task.exception())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await hub.aclose()
            self._save(self._clock())
            if self._recorder is not None:
                self._recorder.close()
            self._loop = None

    async def _lane(self, hub: Hub, questions: Sequence[Question[Any]], hurry: asyncio.Event) -> None:
        """Asks what is due, for ever. A lane that hangs in its deadline delays only itself."""
        due = {question.key: 0.0 for question in questions}
        while True:
            now = time.monotonic()
            asked = [question for question in questions if hurry.is_set() or due[question.key] <= now]
            hurry.clear()
            if asked:
                self._memory.keep(await ask_lane(hub, asked, self._clock))
                self._unasked.discard(questions[0].key)
                self._wake()
                for question in asked:
                    due[question.key] = max(now + question.every, time.monotonic() + question.every / 4)
            pause = min(due.values()) - time.monotonic()
            try:
                # Not wait_for: before Python 3.12 it may swallow a cancellation (cpython #86296).
                async with asyncio.timeout(max(0.01, pause)):
                    await hurry.wait()
            except TimeoutError:
                continue

    async def _publisher(self) -> None:
        """A picture when there is news, and one a poll all the same: readings grow stale by themselves."""
        assert self._news is not None
        patience = time.monotonic() + FIRST_LOOK
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._platform.profile.poll):
                    await self._news.wait()
            self._news.clear()
            restored = self._picture is not None and self._picture.restored
            if restored and self._unasked and time.monotonic() < patience:
                # A mixture of old and new answers would show troubles that nobody has.
                continue
            began = time.perf_counter()
            if not self._paused:
                now = self._clock()
                snapshot, whole = self._memory.snapshot(now), not self._unasked
                self._publish(judge(self._platform, snapshot, self._picture, whole=whole))
                if self._recorder is not None and whole:
                    self._recorder.write(snapshot, every=self._platform.profile.poll)
                if now - self._saved > SAVE_EVERY:
                    await asyncio.to_thread(self._save, now)
            elif self._picture is not None and not self._picture.paused:
                self._publish(replace(self._picture, paused=True))
            # A large platform takes long to judge: the keyboard needs its share of the interpreter, too.
            await asyncio.sleep(max(MIN_PUBLISH, 3 * (time.perf_counter() - began)))

    def _publish(self, picture: Picture) -> None:
        self._picture = picture
        for callback in self._listeners:
            callback()

    def _save(self, now: float) -> None:
        """Keeps the last known state. A disk that refuses it must not stop the looking."""
        self._saved = now
        if self._last_state is None or self._picture is None:
            return
        try:
            store.write(self._last_state, store.dump(self._picture.snapshot))
            self._save_failed = False
        except OSError as error:
            if not self._save_failed:
                _log.warning("the last known state cannot be kept: %s: %s", self._last_state, error)
            self._save_failed = True
