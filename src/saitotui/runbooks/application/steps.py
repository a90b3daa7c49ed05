"""Steps on the versions of an application."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from saitotui.clients.quoting import shell
from saitotui.facts import tomcat, tomcat_sessions
from saitotui.facts.tomcat_sessions import Idle
from saitotui.model.command import Answer, Command, Danger, Failure, File
from saitotui.model.plan import Act, Capture, Check, Step
from saitotui.model.text import duration
from saitotui.runbooks.application import checks
from saitotui.runbooks.application.checks import counted
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.judging import value_name, waiting

DEPLOY = 900.0
"""Seconds for sending an archive and starting it."""
START = 60.0
"""Seconds in which a version must run whose manager gave no answer."""
DRAIN = 24 * 3600.0
"""Seconds for which sessions are waited for before somebody decides."""
HALF_AN_HOUR = 1800.0
"""What idle sessions live for, where nobody says otherwise (Tomcat, conf/web.xml)."""
LOOK = 10.0
"""Seconds between two looks at them."""
GONE = "No context exists"
"""What the manager says of a version that it does not have."""
OLD, NEW = "before", "after"
"""The visitors of a node, from before and after the deployment."""


def deploy(fleet: Fleet, name: str, version: str, file: File, *, newest: bool = True) -> Step:
    """`newest`: it must be what new visitors of the Tomcat get from then on."""
    above = (checks.above_all(fleet, name, version),) if newest else ()
    return Step(
        f"deploy {fleet.named(version)} on {name}",
        (Act(fleet.upload(name, version, file), tomcat.said),),
        goal=checks.runs(fleet, name, version),
        requires=(
            checks.gone(fleet, name, version),
            *above,
            checks.sees_all(fleet, name),
        ),
        undo=(count(fleet, name, version), Act(_undeploy(fleet, name, version), _said_gone)),
        undone=checks.gone(fleet, name, version),
        deadline=DEPLOY,
        proof=START,
        expected=max(2.0, file.size / (10 << 20)),
    )


def sees_all(fleet: Fleet, name: str, deadline: float = 10.0, expected: float = 0.1) -> Step:
    """A Tomcat sees every other one, within `deadline` (seconds)."""
    goal = checks.sees_all(fleet, name)
    return Step(f"{name} sees every other Tomcat", (), goal=goal, deadline=deadline, expected=expected)


def undeploy(fleet: Fleet, name: str, version: str, requires: tuple[Check, ...], no_undo: str) -> Step:
    return Step(
        f"undeploy {fleet.named(version)} on {name}",
        (count(fleet, name, version), Act(_undeploy(fleet, name, version), _said_gone)),
        goal=checks.gone(fleet, name, version),
        requires=requires,
        no_undo=no_undo,
        deadline=60.0,
        expected=0.5,
    )


def _undeploy(fleet: Fleet, name: str, version: str) -> Command:
    return fleet.manager(name, "undeploy", version, Danger.DESTRUCTIVE)


def _said_gone(answer: Answer | Failure) -> str:
    """A version that is not there any more is gone, whoever it was."""
    said = tomcat.said(answer)
    return "" if GONE in said else said


def count(fleet: Fleet, name: str, version: str) -> Act:
    """Says how many sessions go with a version; it does not matter when nobody can tell."""

    def tells(answer: Answer) -> str:
        found = tomcat_sessions.idle(answer)
        return f"{counted(found.sessions)} on {name} would end with {fleet.named(version)}"

    return Act(fleet.manager(name, "sessions", version), lambda answer: "", tells=tells)


def _unless(check: Check, wrong: str) -> Callable[[Answer | Failure], str]:
    """Takes an answer of which `check` holds; otherwise says what is `wrong`, and what was measured."""

    def accept(answer: Answer | Failure) -> str:
        verdict = check.judge(answer)
        return "" if verdict.holds else f"{wrong}: {verdict.measured}"

    return accept


def visit_before(fleet: Fleet, name: str, version: str) -> Step:
    """A visitor comes before the deployment, who must stay where he is after it. Captured, so that a process
    that goes on with the run after the deployment does not come for the first time."""
    check = checks.visitor_gets(fleet, name, version, f"{name}-{OLD}")

    capture = Capture(value_name("visited", name), lambda answer: shell(version))
    act = Act(
        check.command,
        _unless(check, check.sentence),
        capture,
        tells=lambda answer: check.judge(answer).measured,
    )
    return Step(f"visit {name} before it changes", (act,), expected=0.1)


def visit_after(fleet: Fleet, name: str, old: str, new: str) -> Iterator[Step]:
    """Two visitors of one node after the deployment: a new one, and the one from before."""
    fresh = checks.visitor_gets(fleet, name, new, f"{name}-{NEW}")
    yield Step(f"a new visitor of {name} gets {fleet.named(new)}", (), goal=fresh, deadline=5.0, expected=0.2)
    stays = checks.visitor_stays(fleet, name, old, f"{name}-{OLD}")
    yield Step(
        f"the visitor of before stays on {fleet.named(old)}", (), goal=stays, deadline=5.0, expected=0.2
    )


def visitors(fleet: Fleet, version: str, number: int) -> Step:
    """New visitors come the way users do; each gets `version`."""
    wrong, acts = f"a new visitor does not get {version}", []
    for visitor in range(number):
        check = checks.visitor_gets(fleet, "front", version, f"visitor-{visitor}")
        acts.append(
            Act(check.command, _unless(check, wrong), tells=lambda answer: f"HTTP {answer.status}, {version}")
        )
    title = f"{number} new visitors come through the front and get {fleet.named(version)}"
    return Step(title, tuple(acts), expected=0.5, together=True)


def drain(fleet: Fleet, name: str, version: str, *, first: bool) -> Step:
    """Waits until nobody is on a version. New visitors get the newest, so it only gets emptier; sessions are
    on all Tomcats, so that those after the `first` are soon empty, too."""

    def left(answer: Answer) -> str:
        if GONE in answer.text:
            return ""
        return _left(fleet, name, version, tomcat_sessions.idle(answer))

    command = fleet.manager(name, "sessions", version)
    act = Act(command, lambda answer: "", pause=LOOK, pending=waiting(left, name))
    return Step(
        f"the sessions of {fleet.named(version)} on {name} end",
        (act,),
        goal=checks.empty(fleet, name, version),
        deadline=DRAIN,
        expected=HALF_AN_HOUR if first else 1.0,
        parks=True,
    )


def _left(fleet: Fleet, name: str, version: str, found: Idle) -> str:
    """Who is still there, and when they are gone if nobody comes back."""
    if not found.sessions:
        return ""
    said = f"{name}: {counted(found.sessions)} on {fleet.named(version)}"
    if found.left is None:
        return f"{said}, and do not end by themselves"
    return f"{said}; unless they come back, all are gone in {duration(found.left)}"


def expire(fleet: Fleet, name: str, version: str, minutes: int) -> Step:
    """Ends sessions by hand: their users are logged out."""
    command = fleet.manager(name, "expire", version, Danger.DESTRUCTIVE, f"&idle={minutes}")
    return Step(
        f"end the sessions of {fleet.named(version)} on {name} that were idle for {minutes} minutes",
        (Act(command, tomcat.said),),
        no_undo="a session that was ended is lost",
        expected=0.5,
    )
