"""What the checks of all runbooks are made with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from saitotui.facts import nfs
from saitotui.model.command import Answer, Failure
from saitotui.model.plan import Verdict


def reading(judge: Callable[[Answer], Verdict]) -> Callable[[Answer | Failure], Verdict]:
    """`judge` for answers; a Failure cannot be told."""

    def judged(answer: Answer | Failure) -> Verdict:
        return Verdict(None, answer.sentence) if isinstance(answer, Failure) else judge(answer)

    return judged


def waiting(left: Callable[[Answer], str], who: str = "") -> Callable[[Answer | Failure], str]:
    """For a wait: what `left` says of an answer. That there is none, or that it cannot be read (ValueError,
    told with the name of `who` answered), is waited for to pass."""

    def pending(answer: Answer | Failure) -> str:
        if isinstance(answer, Failure):
            return answer.sentence
        try:
            return left(answer)
        except ValueError as error:
            return f"{who}: {error}" if who else str(error)

    return pending


def whatever(answer: Answer | Failure) -> str:
    """Takes every answer for success: the step's goal is asked, or nothing depends on it."""
    return ""


def has(addresses: Iterable[str]) -> Callable[[Answer], Verdict]:
    """Whether a host has all of them, by its `ip -br addr`."""
    wanted = tuple(dict.fromkeys(addresses))

    def judge(answer: Answer) -> Verdict:
        there = {one.address for one in nfs.addresses(answer)}
        lacking = [one for one in wanted if one not in there]
        return Verdict(not lacking, f"not {', '.join(lacking)}" if lacking else "all of them")

    return judge


def value_name(what: str, of: str) -> str:
    """The name under which a run captures `what` of a node: letters, digits and `_` only."""
    return f"{what}_{re.sub(r'[^a-z0-9_]', '_', of.lower())}"
