"""Whether a machine has booted just now: what runbooks that start one wait for."""

from __future__ import annotations

from saitotui.facts import host as host_facts
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind
from saitotui.model.plan import Check, Verdict
from saitotui.model.text import duration
from saitotui.runbooks.judging import reading

FRESH = 900.0
"""Seconds since its start for which it counts as booted just now."""
BOOTING = (FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.REFUSED)
"""How a machine answers that boots: nobody listens yet."""


def foreign(failure: Failure) -> bool:
    """Whether another system answers at a machine's address than the one whose host key this console knows:
    a rescue system, or one that was installed anew."""
    return failure.kind is FailureKind.DENIED and "host key" in failure.sentence


def booted(host: str) -> Check:
    """No answer is an answer: it has not booted yet. Nor has it while another system answers."""

    def fresh(answer: Answer) -> Verdict:
        up = host_facts.facts(answer).uptime
        return Verdict(up < FRESH, f"up for {duration(round(up))}")

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure) and (answer.kind in BOOTING or foreign(answer)):
            return Verdict(False, answer.sentence)
        return reading(fresh)(answer)

    command = Command(Client.SSH, host, host_facts.FACTS)
    return Check(f"{host} answers, and has booted just now", command, judge, 6.0, pause=2.0)
