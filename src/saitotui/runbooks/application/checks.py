"""Checks on the versions of an application."""

from __future__ import annotations

from collections.abc import Callable

from saitotui.clients.quoting import shell
from saitotui.facts import tomcat, tomcat_jmx, tomcat_pools
from saitotui.facts.tomcat import App, java_order, newest
from saitotui.facts.tomcat_jmx import CLUSTER, MEMORY
from saitotui.model.command import Answer, Client, Command, Visitor
from saitotui.model.plan import Check, Verdict
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.judging import reading

DEADLINE = 5.0
HEAP_FULL = 75.0
"""Percent of the heap in use from which a second copy of the application may not fit."""


def counted(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _listed(
    fleet: Fleet,
    name: str,
    sentence: str,
    judge: Callable[[tuple[App, ...]], Verdict],
    deadline: float = DEADLINE,
) -> Check:
    """A check on what a Tomcat has of the application."""

    def judged(answer: Answer) -> Verdict:
        context = fleet.application.context
        return judge(tuple(app for app in tomcat.applications(answer) if app.path == context))

    return Check(sentence, Command(Client.HTTP, name, tomcat.LIST), reading(judged), deadline=deadline)


def _how(apps: tuple[App, ...], version: str) -> str:
    app = next((app for app in apps if app.version == version), None)
    if app is None:
        return "not there"
    return f"running, {counted(app.sessions)}" if app.running else "stopped"


def runs(fleet: Fleet, name: str, version: str) -> Check:
    def judge(apps: tuple[App, ...]) -> Verdict:
        there = any(app.version == version and app.running for app in apps)
        return Verdict(there, _how(apps, version))

    return _listed(fleet, name, f"{fleet.named(version)} runs on {name}", judge)


def gone(fleet: Fleet, name: str, version: str) -> Check:
    def judge(apps: tuple[App, ...]) -> Verdict:
        return Verdict(all(app.version != version for app in apps), _how(apps, version))

    return _listed(fleet, name, f"{fleet.named(version)} is not on {name}", judge)


def empty(fleet: Fleet, name: str, version: str) -> Check:
    """Whether nobody is on a version any more: stopped, its sessions are gone with it."""

    def judge(apps: tuple[App, ...]) -> Verdict:
        count = sum(app.sessions for app in apps if app.version == version)
        return Verdict(not count, _how(apps, version))

    return _listed(fleet, name, f"nobody is on {fleet.named(version)} on {name}", judge)


def serves(fleet: Fleet, name: str, version: str, but: str = "") -> Check:
    """Whether new visitors get `version`, were `but` not there."""

    def judge(apps: tuple[App, ...]) -> Verdict:
        running = [app.version for app in apps if app.running and (not but or app.version != but)]
        given = newest(running)
        said = "nothing runs" if given is None else f"it serves {fleet.named(given)}"
        return Verdict(given == version, said)

    return _listed(fleet, name, f"{name} serves {fleet.named(version)} to new visitors", judge)


def bare(fleet: Fleet, name: str, but: str) -> Check:
    """Whether no version but `but` is there."""

    def judge(apps: tuple[App, ...]) -> Verdict:
        others = [fleet.named(app.version) for app in apps if app.version != but]
        return Verdict(not others, ", ".join(others) or "none")

    return _listed(fleet, name, f"no other version of {fleet.application.context or '/'} is on {name}", judge)


def above_all(fleet: Fleet, name: str, version: str) -> Check:
    """Whether new visitors would get `version`: Java orders versions as strings."""

    def judge(apps: tuple[App, ...]) -> Verdict:
        others = [app.version for app in apps if app.version != version]
        above = [one for one in others if java_order(one) > java_order(version)]
        if above:
            return Verdict(False, f"{fleet.named(above[0])} comes after it")
        return Verdict(True, f"it has {', '.join(map(fleet.named, others)) or 'nothing'}")

    return _listed(fleet, name, f"{fleet.named(version)} would be the newest on {name}", judge)


def another_runs(fleet: Fleet, name: str, version: str) -> Check:
    """Whether new visitors get something when `version` is gone."""

    def judge(apps: tuple[App, ...]) -> Verdict:
        given = newest(app.version for app in apps if app.running and app.version != version)
        return Verdict(
            given is not None, f"{fleet.named(given)} runs" if given is not None else "nothing else"
        )

    return _listed(fleet, name, f"another version than {fleet.named(version)} runs on {name}", judge)


def sees_all(fleet: Fleet, name: str) -> Check:
    """Whether a Tomcat copies its sessions to all others: what is deployed fetches them from there."""
    expected = len(fleet.names) - 1

    def judge(answer: Answer) -> Verdict:
        cluster = tomcat_jmx.cluster(answer)
        if not cluster.configured:
            return Verdict(None, "it has no session cluster")
        well = sum(member.well for member in cluster.others)
        return Verdict(well >= expected, f"it sees {well} of {expected}")

    command = Command(Client.HTTP, name, CLUSTER)
    return Check(f"{name} sees every other Tomcat", command, reading(judge), deadline=DEADLINE)


def heap_has_room(name: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        heap = tomcat_jmx.heap(answer)
        if heap.percent is None or heap.most is None:
            return Verdict(None, "the JVM names no limit")
        said = f"{heap.percent:.0f}% of {heap.most >> 20} MiB are in use, with what was not collected yet"
        return Verdict(heap.percent < HEAP_FULL, said)

    command = Command(Client.HTTP, name, MEMORY)
    return Check(f"a second copy fits into the heap of {name}", command, reading(judge), deadline=DEADLINE)


def metaspace_has_room(name: str) -> Check:
    """Classes of both versions are loaded at the same time. What one of them takes is not known; half of what
    all take is more."""

    def judge(answer: Answer) -> Verdict:
        pool = tomcat_pools.metaspace(answer)
        if pool.most is None:
            return Verdict(True, f"{pool.used >> 20} MiB in use, without a limit")
        said = f"{pool.used >> 20} of {pool.most >> 20} MiB are in use"
        return Verdict(pool.used * 1.5 < pool.most, said)

    command = Command(Client.HTTP, name, tomcat_pools.METASPACE)
    return Check(f"its classes fit into the metaspace of {name}", command, reading(judge), deadline=DEADLINE)


def disk_has_room(fleet: Fleet, name: str, size: int) -> Check:
    """Three times the archive: as it is sent, as it lies there, and unpacked."""
    server = fleet.application.tomcats[name]

    def judge(answer: Answer) -> Verdict:
        words = answer.text.strip().rpartition("\n")[2].split()
        if answer.status != 0 or len(words) < 6 or not words[3].isdigit():
            return Verdict(None, f"{server.webapps} is not there: set webapps of {name} in the profile")
        free = int(words[3]) << 10
        return Verdict(free >= 3 * size, f"{free >> 20} MiB free, {3 * size / (1 << 20):.1f} are needed")

    command = Command(Client.SSH, server.host, f"df -P -k -- {shell(server.webapps)}")
    return Check(
        f"the disk of {name} has room for it three times", command, reading(judge), deadline=DEADLINE
    )


def runs_as(fleet: Fleet, name: str, model: str) -> Check | None:
    """Whether a Tomcat and its Java are those of `model`, the first that is deployed on; None when those are
    not known."""
    like = fleet.view.tomcats[model].server
    if like is None:
        return None

    def judge(answer: Answer) -> Verdict:
        found = tomcat.server(answer)
        return Verdict(found == like, f"{found.tomcat} on Java {found.java}")

    command = Command(Client.HTTP, name, tomcat.SERVER)
    sentence = f"{name} runs the Tomcat and Java of {model}"
    return Check(sentence, command, reading(judge), deadline=DEADLINE)


def visitor_gets(fleet: Fleet, name: str, version: str, session: str) -> Check:
    """Whether a visitor of the version page, asking `name` alone, gets `version`."""
    page = fleet.application.version_page
    assert page is not None
    expected = page.contains.replace("{version}", version)

    def judge(answer: Answer) -> Verdict:
        right = answer.status == 200 and expected in answer.text
        return Verdict(right, f"HTTP {answer.status}" + ("" if right else f", without {expected!r}"))

    command = Command(Client.HTTP, f"{name}/app", f"GET {page.path}", session=session)
    sentence = f"a new visitor of {name} gets {fleet.named(version)}"
    return Check(sentence, command, reading(judge), deadline=DEADLINE)


def visitor_stays(fleet: Fleet, name: str, version: str, session: str) -> Check:
    """Whether a visitor from before the deployment is still on his version, with his session."""
    asked = visitor_gets(fleet, name, version, session)

    def judge(answer: Answer) -> Verdict:
        if answer.visitor == Visitor.STRANGER:
            return Verdict(True, "not tried: who visited before left with an earlier process of this run")
        if answer.visitor == Visitor.NONE:
            return Verdict(True, "not tried: the version page begins no session")
        found = asked.judge(answer)
        if answer.visitor == Visitor.FORGOTTEN:
            return Verdict(False, f"his session is lost; {found.measured}")
        return found

    sentence = f"who visited {name} before stays on {fleet.named(version)}"
    return Check(sentence, asked.command, reading(judge), deadline=DEADLINE)
