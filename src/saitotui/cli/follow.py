"""Following a run in lines, and answering at its gates."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from datetime import UTC, datetime

from saitotui.engine.journal.file import actor
from saitotui.engine.runs.attach import Attachment, ToYou, attach
from saitotui.engine.runs.folder import RunFolder
from saitotui.engine.runs.walk import follow as one_more
from saitotui.engine.runs.walk import walk
from saitotui.model.plan import Outcome
from saitotui.model.run import Kind, Result, RunEvent

LEFT_BEHIND = 15
"""Exit code: the run has no outcome yet, and this command does not follow it any more."""


class _Input:
    """Standard input, a line at a time. A line that nobody waits for any more is for whoever asks next, and
    nothing waits for it at the end."""

    def __init__(self) -> None:
        self._coming: asyncio.Future[str] | None = None

    async def line(self) -> str:
        """'' at the end of the input."""
        if self._coming is None:
            self._coming = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._read, args=(self._coming,), daemon=True).start()
        line = await asyncio.shield(self._coming)
        self._coming = None
        return line

    def _read(self, coming: asyncio.Future[str]) -> None:
        line = sys.stdin.readline()
        # The loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            coming.get_loop().call_soon_threadsafe(coming.set_result, line)


_INPUT = _Input()


async def ask_line(prompt: str) -> str:
    """A line from standard input; '' at its end."""
    print(prompt, end="", flush=True)
    return (await _INPUT.line()).strip()


GOES_ON = (Kind.LEASE, Kind.STAGE, Kind.STEP, Kind.UNDO, Kind.OUTCOME)
"""Events after which a run does not wait at the gate before any more."""
RETURN = 10.0
"""Seconds that a run's supervisor may take to start its process again."""


async def follow(folder: RunFolder, *, take: bool, reason: str = "", starting: bool = False) -> int:
    """Prints a run until it ends; with `take`, holds its controls. The exit code is the outcome. A process
    that is killed is started again by its supervisor: this follows it there. `starting`: see `attach`."""
    seen, attachment = 0, await attach(folder, actor(), starting=starting)
    while attachment is not None:
        if take:
            await attachment.say("take", reason=reason)
        seen, result = await _printed(attachment, take=take, seen=seen)
        if result is not None:
            return result.exit_code
        attachment = await _attached_again(folder)
        if attachment is not None:
            reason = "its process was started again"
            print(f"run {folder.name}: {reason}; attached to it", flush=True)
    return _ended(folder)


async def _printed(attachment: Attachment, *, take: bool, seen: int) -> tuple[int, Result | None]:
    """Prints what comes after event `seen`: the last event printed, and the outcome if there was one. Nothing
    is asked before the controls are held: until then what comes is history, gates long passed included."""
    asking: asyncio.Task[None] | None = None
    gate: RunEvent | None = None
    holding, where = False, walk(())
    try:
        async for event in attachment.events():
            if isinstance(event, ToYou):
                held, holding = holding, holding or (take and "holding" in event.what)
                asking = _to_you(attachment, event, asking, gate)
                if gate is not None and holding and not held:
                    asking = _again(attachment, asking, gate)
                elif where.waits and holding and not held:
                    asking = asyncio.ensure_future(_leave(attachment))
                continue
            where = one_more(where, event)
            if event.seq <= seen:
                continue
            seen = event.seq
            print(line_of(event), flush=True)
            if event.kind is Kind.GATE:
                gate = event
                asking = _again(attachment, asking, event) if holding else asking
            elif event.kind in GOES_ON:
                _no_more(asking)
                asking = gate = None
            elif where.waits and holding and asking is None:
                asking = asyncio.ensure_future(_leave(attachment))
            if event.kind is Kind.OUTCOME:
                return seen, result_of(event)
    finally:
        _no_more(asking)
        with contextlib.suppress(ConnectionError):
            await attachment.aclose()
    return seen, None


async def _attached_again(folder: RunFolder) -> Attachment | None:
    """A connection to the process that carries the run now; None when it ended, or nobody carries it on."""
    until = time.monotonic() + RETURN
    while folder.result is None and time.monotonic() < until:
        await asyncio.sleep(0.1)
        if folder.pid and (attachment := await attach(folder, actor())) is not None:
            return attachment
    return None


def _to_you(
    attachment: Attachment, message: ToYou, asking: asyncio.Task[None] | None, gate: RunEvent | None
) -> asyncio.Task[None] | None:
    for word, text in message.what.items():
        if word in ("refused", "note"):
            print(f"{word.upper()}: {text}", flush=True)
    return _again(attachment, asking, gate) if "refused" in message.what and asking and gate else asking


def _no_more(asking: asyncio.Task[None] | None) -> None:
    if asking is not None:
        asking.cancel()


def _again(attachment: Attachment, asking: asyncio.Task[None] | None, gate: RunEvent) -> asyncio.Task[None]:
    _no_more(asking)
    return asyncio.ensure_future(_decide(attachment, gate.data.get("confirm", "")))


async def _decide(attachment: Attachment, confirm: str) -> None:
    """Asks at a gate: what must be typed to go on, or another decision."""
    how = f"type `{confirm}` to begin" if confirm else "press Enter to begin"
    typed = await ask_line(f"1. {how}; 2. `undo`; 3. `abandon`: ")
    if typed in ("undo", "abandon"):
        await attachment.say(typed)
    else:
        await attachment.say("go", typed=typed)


async def _leave(attachment: Attachment) -> None:
    """Offers to stop a wait, as long as it lasts."""
    while (typed := await ask_line("`stop` stops the wait: ")) != "stop":
        if not typed:
            return
    await attachment.say("stop")


def line_of(event: RunEvent) -> str:
    """One event as one line, state words first."""
    at = datetime.fromtimestamp(event.at, UTC).strftime("%H:%M:%SZ")
    where = f" stage {event.stage + 1}" if event.stage >= 0 else ""
    word = event.kind.value.upper()
    if event.kind is Kind.PREFLIGHT:
        word = str(event.data.get("grade", "")).upper()
    elif event.data.get("outcome"):
        word = str(event.data["outcome"]).upper()
    elif event.kind is Kind.ACT:
        where += f" on {event.data.get('target')} ({event.data.get('client')})"
    return f"{at} {word}{where}: {event.sentence}"


def result_of(event: RunEvent) -> Result:
    """The outcome that an event tells."""
    return Result(Outcome(event.data["outcome"]), event.sentence, str(event.data.get("probe", "")))


def _ended(folder: RunFolder) -> int:
    """Says how a run stands that nothing carries now."""
    result = folder.result
    if result is None:
        print(f"run {folder.name} has no outcome and nothing carries it: saitotui resume {folder.name}")
        return LEFT_BEHIND
    print(f"{result.outcome.value.upper()}: {result.sentence}")
    if result.probe:
        print(f"to settle it: {result.probe}")
    return result.exit_code
