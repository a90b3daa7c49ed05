"""Whether the sessions of one Tomcat are on another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saitotui.clients.quoting import shell
from saitotui.facts import tomcat
from saitotui.model.command import Answer, Client, Command
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.runbooks.application.checks import DEADLINE, counted
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.judging import reading, value_name
from saitotui.tiers.application.view import DELTA


def count(fleet: Fleet, name: str, value: str) -> Act:
    """Captures how many sessions of each version a Tomcat has."""
    context = fleet.application.context

    def sessions(answer: Answer) -> str:
        apps = [app for app in tomcat.applications(answer) if app.path == context and app.running]
        return shell(",".join(f"{app.version}={app.sessions}" for app in apps))

    def tells(answer: Answer) -> str:
        count = sum(app.sessions for app in tomcat.applications(answer) if app.path == context)
        return f"{name} has {counted(count)}"

    return Act(Command(Client.HTTP, name, tomcat.LIST), capture=Capture(value, sessions), tells=tells)


def fetched(
    fleet: Fleet,
    name: str,
    of: str,
    value: str,
    deadline: float,
    expected: float = 1.0,
    only: Sequence[str] = (),
) -> Iterator[Step]:
    """A Tomcat has the sessions of another within `deadline` (seconds); `value` names the count."""
    counted_before = value_name(value, name)
    yield Step(f"count the sessions of {of}", (count(fleet, of, counted_before),), expected=0.1)
    goal = has(fleet, name, of, counted_before, only)
    yield Step(goal.sentence, (), goal=goal, deadline=deadline, expected=expected)


def has(fleet: Fleet, name: str, of: str, counted_before: str, only: Sequence[str] = ()) -> Check:
    """Whether a Tomcat has as many sessions of each replicated version (of `only` some) as `of` had; some end
    meanwhile."""
    context, server = fleet.application.context, fleet.view.tomcats[of]
    replicated = {version for version in fleet.versions if server.manager(version) in (DELTA, "")}

    def judge(answer: Answer) -> Verdict:
        expected = dict(part.split("=", 1) for part in answer.against.split(",") if "=" in part)
        mine = {app.version: app.sessions for app in tomcat.applications(answer) if app.path == context}
        lacks = [
            f"{mine.get(version, 0)} of {count} of {fleet.named(version)}"
            for version, count in expected.items()
            if version in replicated
            and (not only or version in only)
            and mine.get(version, 0) < int(count) * 0.98 - 2
        ]
        return Verdict(not lacks, ", ".join(lacks) or counted(sum(mine.values())))

    command = Command(Client.HTTP, name, tomcat.LIST)
    sentence = f"{name} has the sessions of {of}"
    return Check(sentence, command, reading(judge), deadline=DEADLINE, against=counted_before)
