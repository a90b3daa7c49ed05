"""What users do, tried by a runbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saitotui.model.command import Answer, Client, Command
from saitotui.model.plan import Check, Grade, Precondition, Step, Verdict
from saitotui.model.profile import JourneyCheck, Profile
from saitotui.runbooks.judging import reading
from saitotui.tiers.application.questions import JOURNEY_DEADLINE


def journeys_of(profile: Profile) -> Sequence[JourneyCheck]:
    """What users of the platform do; nothing when the profile has no application."""
    return profile.application.journeys if profile.application is not None else ()


def journeys_before(journeys: Sequence[JourneyCheck], what: str) -> Iterator[Precondition]:
    """The lines of a preflight about them; `what` nobody could tell of one that fails already."""
    why = f"it fails already: nobody could tell {what}"
    for journey in journeys:
        yield Precondition(journey_works(journey), why, Grade.AMBER, Grade.AMBER)


def journeys_after(journeys: Sequence[JourneyCheck]) -> Iterator[Step]:
    """The proof from the users' side."""
    for journey in journeys:
        yield Step(f"{journey.name} works for users", (), goal=journey_works(journey), expected=0.1)


def journey_works(journey: JourneyCheck) -> Check:
    """Whether a journey gets what a user should get."""

    def judge(answer: Answer) -> Verdict:
        right = answer.status == journey.status and journey.contains in answer.text
        return Verdict(right, f"HTTP {answer.status}" + ("" if right else ", not what users should get"))

    command = Command(Client.HTTP, f"journey/{journey.name}", "GET")
    return Check(f"{journey.name} works", command, reading(judge), deadline=JOURNEY_DEADLINE)
