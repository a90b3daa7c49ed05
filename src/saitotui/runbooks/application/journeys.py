"""What users do, tried by a runbook."""

from __future__ import annotations

from saitotui.model.command import Answer, Client, Command
from saitotui.model.plan import Check, Verdict
from saitotui.model.profile import JourneyCheck
from saitotui.runbooks.judging import reading
from saitotui.tiers.application.questions import JOURNEY_DEADLINE


def journey_works(journey: JourneyCheck) -> Check:
    """Whether a journey gets what a user should get."""

    def judge(answer: Answer) -> Verdict:
        right = answer.status == journey.status and journey.contains in answer.text
        return Verdict(right, f"HTTP {answer.status}" + ("" if right else ", not what users should get"))

    command = Command(Client.HTTP, f"journey/{journey.name}", "GET")
    return Check(f"{journey.name} works", command, reading(judge), deadline=JOURNEY_DEADLINE)
