"""What the checks of all runbooks are made with."""

from __future__ import annotations

import re
from collections.abc import Callable

from saitotui.model.command import Answer, Failure
from saitotui.model.plan import Verdict


def reading(judge: Callable[[Answer], Verdict]) -> Callable[[Answer | Failure], Verdict]:
    """`judge` for answers; a Failure cannot be told."""

    def judged(answer: Answer | Failure) -> Verdict:
        return Verdict(None, answer.sentence) if isinstance(answer, Failure) else judge(answer)

    return judged


def value_name(what: str, of: str) -> str:
    """The name under which a run captures `what` of a node: letters, digits and `_` only."""
    return f"{what}_{re.sub(r'[^a-z0-9_]', '_', of.lower())}"
