"""Following a run in lines, and answering at its gates."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from datetime import UTC, datetime

from saitotui.engine.journal.file import actor
from saitotui.engine.runs.attach import Attachment, ToYou, attach
from saitotui.engine.runs.folder import RunFolder
from saitotui.model.plan import Outcome
from saitotui.model.run import Kind, Result, RunEvent

LEFT_BEHIND = 15
"""Exit code: the run has no outcome yet, and this command does not follow it any more."""


async def ask_line(prompt: str) -> str:
    """A line from standard input; '' at its end."""
    print(prompt, end="", flush=True)
    line: str = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return line.strip()


async def follow(folder: RunFolder, *, take: bool, reason: str = "") -> int:
    """Prints a run until it ends; with `take`, holds its controls. The exit code is the outcome."""
    attachment = await attach(folder, actor())
    if attachment is None:
        return _ended(folder)
    if take:
        await attachment.say("take", reason=reason)
    asking: asyncio.Task[None] | None = None
    try:
        async for event in attachment.events():
            if isinstance(event, ToYou):
                asking = _to_you(attachment, event, asking)
                continue
            print(line_of(event), flush=True)
            if event.kind is Kind.GATE and take:
                asking = _again(attachment, asking, event)
            if event.kind is Kind.OUTCOME:
                return result_of(event).exit_code
    finally:
        if asking is not None:
            asking.cancel()
        with contextlib.suppress(ConnectionError):
            await attachment.aclose()
    return _ended(folder)


def _to_you(
    attachment: Attachment, message: ToYou, asking: asyncio.Task[None] | None
) -> asyncio.Task[None] | None:
    for word, text in message.what.items():
        if word in ("refused", "note"):
            print(f"{word.upper()}: {text}", flush=True)
    return _again(attachment, asking, None) if "refused" in message.what and asking else asking


def _again(
    attachment: Attachment, asking: asyncio.Task[None] | None, gate: RunEvent | None
) -> asyncio.Task[None]:
    if asking is not None and not asking.done():
        asking.cancel()
    confirm = gate.data.get("confirm", "") if gate else ""
    return asyncio.ensure_future(_decide(attachment, confirm))


async def _decide(attachment: Attachment, confirm: str) -> None:
    """Asks at a gate: what must be typed to go on, or another decision."""
    how = f"type `{confirm}` to begin" if confirm else "press Enter to begin"
    typed = await ask_line(f"1. {how}; 2. `undo`; 3. `abandon`: ")
    if typed in ("undo", "abandon"):
        await attachment.say(typed)
    else:
        await attachment.say("go", typed=typed)


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
