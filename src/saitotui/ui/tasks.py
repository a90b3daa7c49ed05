"""Work beside the drawing: one of a kind at a time, and none that fails in silence."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any, Protocol

_log = logging.getLogger(__name__)


class Front(Protocol):
    def say(self, sentence: str, *, wrong: bool = False) -> None: ...

    def run_worker(self, work: Coroutine[Any, Any, None], *, exit_on_error: bool = True) -> object: ...


class Tasks:
    """Carries work out as workers of `front`."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._under_way: set[str] = set()

    def spawn(self, work: Coroutine[Any, Any, None], once: str = "") -> None:
        """Begins `work`; with `once`, not while an earlier one of that name is under way."""
        if once and once in self._under_way:
            work.close()
            return
        self._under_way.add(once)
        self._front.run_worker(self._guarded(work, once), exit_on_error=False)

    async def _guarded(self, work: Coroutine[Any, Any, None], once: str) -> None:
        """What `work` raises is a defect: it is logged and said, and the console goes on."""
        try:
            await work
        except Exception as error:  # a defect in one task must not end the console
            _log.exception("a task of the console failed")
            words = f"a defect of this console: {type(error).__name__}: {error}"
            self._front.say(words, wrong=True)
        finally:
            self._under_way.discard(once)
