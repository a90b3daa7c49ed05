"""Putting a plan's checks and commands to the platform."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from saitotui.engine.poll import Asker
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind
from saitotui.model.plan import Check, Verdict
from saitotui.model.text import one_line

_NAME = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


class Missing(KeyError):
    """A command stands on a value that was never captured."""


def fill(command: Command, values: Mapping[str, str]) -> Command:
    """`command` with each `{name}` of its text replaced by its captured value; Missing when there is none.
    In what an API is told only names that were captured are replaced: it holds people's words, too."""

    def value(match: re.Match[str]) -> str:
        return _known(match[1], values)

    def told(match: re.Match[str]) -> str:
        return values.get(match[1], match[0])

    if command.body and command.client is Client.ZABBIX:
        command = replace(command, body=_NAME.sub(told, command.body))
    return replace(command, text=_NAME.sub(value, command.text)) if "{" in command.text else command


def _known(name: str, values: Mapping[str, str]) -> str:
    try:
        return values[name]
    except KeyError:
        raise Missing(name) from None


async def ask_one(asker: Asker, command: Command, deadline: float) -> Answer | Failure:
    """The outcome of one command."""
    return (await asker.ask([command], deadline))[0]


async def ask_check(asker: Asker, check: Check, values: Mapping[str, str]) -> Verdict:
    """What `check` finds now. Whatever cannot be read or asked is None: cannot tell."""
    try:
        answer = await ask_one(asker, fill(check.command, values), check.deadline)
        if check.against and isinstance(answer, Answer):
            answer = replace(answer, against=_known(check.against, values))
    except Missing as error:
        return Verdict(None, f"the value {error} was not read yet")
    return judge(check, answer)


def judge(check: Check, answer: Answer | Failure) -> Verdict:
    """The check's verdict on `answer`; None when its judge cannot read it."""
    try:
        return check.judge(answer)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return Verdict(None, f"the answer cannot be read: {one_line(str(error))}")


async def ask_all(asker: Asker, checks: Sequence[Check], values: Mapping[str, str]) -> list[Verdict]:
    """What all `checks` find now, asked at the same time."""
    return list(await asyncio.gather(*(ask_check(asker, check, values) for check in checks)))


async def settle(asker: Asker, check: Check, values: Mapping[str, str], deadline: float) -> Verdict:
    """Asks until the check holds or `deadline` seconds have passed; the last verdict."""
    return await _ask_until(lambda verdict: bool(verdict.holds), asker, check, values, deadline)


async def learn(asker: Asker, check: Check, values: Mapping[str, str], deadline: float) -> Verdict:
    """Asks until it can be told whether the check holds, or `deadline` seconds have passed: what is being
    started again answers soon. The last verdict."""
    return await _ask_until(lambda verdict: verdict.holds is not None, asker, check, values, deadline)


async def _ask_until(
    enough: Callable[[Verdict], bool],
    asker: Asker,
    check: Check,
    values: Mapping[str, str],
    deadline: float,
) -> Verdict:
    until, pause = time.monotonic() + deadline, max(_FIRST_PAUSE, check.pause)
    while True:
        verdict = await ask_check(asker, check, values)
        if enough(verdict) or time.monotonic() + pause > until:
            return verdict
        await asyncio.sleep(pause)
        pause = max(min(pause * 2, _LONGEST_PAUSE), check.pause)


def success(answer: Answer | Failure) -> str:
    """Why an answer is not success, where the plan does not say: a Failure, or a shell's exit status."""
    if isinstance(answer, Failure):
        return answer.sentence
    if answer.status not in (0, *range(200, 300)):
        return one_line(f"status {answer.status}: {answer.text}", limit=300)
    return ""


def uncertain(answer: Answer | Failure) -> bool:
    """Whether a command may have taken effect although no success was reported."""
    return isinstance(answer, Failure) and answer.kind in {
        FailureKind.TIMEOUT,
        FailureKind.UNREACHABLE,
        FailureKind.UNPARSABLE,
    }
