"""A thread with its own event loop and its own connections, for what is asked beside the looking.

A preflight must not wait for a terminal that stalls (Textual's loop does), nor hold up the watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from saitotui.clients.base import Streams
from saitotui.engine.poll import Asker

T = TypeVar("T")


class Hub(Asker, Streams, Protocol):
    async def aclose(self) -> None: ...


class Aside:
    """Jobs that ask the platform. The thread and the connections come with the first job."""

    def __init__(self, open_hub: Callable[[], Hub]) -> None:
        self._open_hub = open_hub
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._hub: Hub | None = None

    async def do(self, job: Callable[[Hub], Awaitable[T]]) -> T:
        """Carries out `job` with the connections, from any event loop. A cancelled wait cancels the job."""

        async def on_the_thread() -> T:
            if self._hub is None:
                self._hub = self._open_hub()
            return await job(self._hub)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(on_the_thread(), self._started()))

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._run, args=(self._loop,), name="saitotui-aside", daemon=True
                )
                self._thread.start()
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        if self._hub is not None:
            loop.run_until_complete(self._hub.aclose())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    def stop(self) -> None:
        """Ends the thread and the connections, if there are any."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.stop)
            thread.join(5)
