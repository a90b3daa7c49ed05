"""The logs that are followed while a view shows them."""

from __future__ import annotations

import asyncio
import logging

from saitotui.engine.registry import logs
from saitotui.engine.tail import Tail, Tailed
from saitotui.model.log import Log
from saitotui.ui.acting import Acting
from saitotui.ui.front import Front

_log = logging.getLogger(__name__)


class Tailing:
    """Follows one subject's logs at most: each is a process on its host."""

    def __init__(self, acting: Acting, front: Front) -> None:
        self._acting, self._front = acting, front
        self._subject = ""
        self._logs: tuple[Log, ...] = ()
        self._tail: Tail | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def seen(self) -> tuple[tuple[Log, ...], Tailed] | None:
        """The logs that are followed, with what was heard; None when none is."""
        return (self._logs, self._tail.seen) if self._tail is not None else None

    def follow(self, subject: str) -> None:
        """Follows the logs of `subject` from now on, and no others."""
        if self._tail is not None and subject == self._subject:
            return
        self.stop()
        self._subject, self._logs = subject, logs(self._acting.profile, subject)
        self._tail = Tail(self._logs, self._front.redraw, self._acting.clock)
        self._task = asyncio.get_running_loop().create_task(self._acting.tail(self._tail))
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Nobody waits for the task: what it raises is a defect, and is said."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("logs are followed no more", exc_info=error)
            self._front.say(f"a defect of this console: logs are followed no more: {error}", wrong=True)

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._tail = self._task = None
