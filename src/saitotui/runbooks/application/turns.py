"""A Tomcat is taken out of nginx, started again, put back: with nobody on it, its sessions on the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saitotui.clients.quoting import shell
from saitotui.facts import tomcat_jmx
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Capture, Check, Grade, Precondition, Step, Verdict
from saitotui.runbooks.application import checks, copies, fronts, steps
from saitotui.runbooks.application.checks import DEADLINE
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.application.journeys import journeys_after, journeys_before
from saitotui.runbooks.judging import reading, value_name, waiting
from saitotui.tiers.application.view import DELTA

IDLE = 60.0
"""Seconds for requests that are under way to end."""
LOOK = 0.5
RESTART, UP = 180.0, 120.0
"""Seconds for the service manager, and until the Tomcat answers."""
MEET = 60.0
"""Seconds until all members see each other and have each other's sessions."""
NOBODY = "nothing: the others have the sessions, and nginx leads users there"


def address(fleet: Fleet, name: str) -> str:
    """How nginx's configuration names a Tomcat."""
    server = fleet.application.tomcats[name]
    host = fleet.view.profile.hosts[server.host]
    return server.upstream or host.service_address or host.address


def unfit(fleet: Fleet, names: Sequence[str]) -> tuple[str, ...]:
    """Why these Tomcats cannot be taken out, one after another; nothing when they can."""
    if not fleet.application.nginx:
        return ("the profile has no nginx",)
    unknown = [address(fleet, name) for name in names if not fronts.PLAIN.fullmatch(address(fleet, name))]
    if unknown:
        return tuple(f"{one!r} cannot be looked for in nginx's file: set upstream" for one in unknown)
    serving = {name for name, one in fleet.view.tomcats.items() if one.running}
    alone = [name for name in names if not serving - {name}]
    return tuple(f"nobody else than {name} serves the application" for name in alone)


def preflight(fleet: Fleet, names: Sequence[str]) -> Iterator[Precondition]:
    """What must hold before Tomcats are taken out."""
    for front, node in fleet.application.nginx.items():
        why = "nginx would go on with the old one, or not come up again"
        yield Precondition(fronts.sound(front, node), why, decisive=True)
        yield Precondition(_own_file(front, node.host, node.upstreams), "it would be replaced by a file")
        for name in fleet.names:
            leads = fronts.leads(front, node, name, address(fleet, name), out=False)
            yield Precondition(leads, "who took it out had a reason: put-tomcat-back puts it back")
    for name in fleet.names:
        why = "sessions that are not copied are lost with their Tomcat"
        yield Precondition(checks.sees_all(fleet, name), why)
        if name in names:
            yield Precondition(_copies(fleet, name), "its users are logged out", Grade.AMBER, Grade.AMBER)
    yield from journeys_before(fleet.application.journeys, "what this did to it")


def take_out(fleet: Fleet, name: str) -> Iterator[Step]:
    """nginx leads nobody to a Tomcat any more, and what it was asked is answered."""
    nodes = fleet.application.nginx.items()
    for front, node in nodes:
        yield fronts.mark(front, node, name, address(fleet, name), out=True)
    for front, node in nodes:
        yield from fronts.reload(front, node, "", f"out_{name}")
    yield _idle(name)


def put_back(fleet: Fleet, name: str) -> Iterator[Step]:
    """nginx leads users to a Tomcat again."""
    nodes = fleet.application.nginx.items()
    for front, node in nodes:
        yield fronts.mark(front, node, name, address(fleet, name), out=False)
    for front, node in nodes:
        yield from fronts.reload(front, node, "", f"back_{name}")
    yield from journeys_after(fleet.application.journeys)


def restart(fleet: Fleet, name: str) -> Iterator[Step]:
    """A Tomcat that nobody is led to is started again. Before, the others have its sessions; after, it has
    theirs."""
    server = fleet.application.tomcats[name]
    others = [other for other in fleet.names if other != name]
    before = value_name("sessions", name)
    began = Capture(value_name("began", name), lambda answer: shell(str(tomcat_jmx.started(answer))))
    since = Act(Command(Client.HTTP, name, tomcat_jmx.STARTED), capture=began)
    yield Step(f"count the sessions of {name}", (since, copies.count(fleet, name, before)), expected=0.1)
    text = f"systemctl restart {shell(server.unit)}"
    yield Step(
        f"start {name} again",
        (Act(Command(Client.SSH, server.host, text, danger=Danger.DISRUPTIVE)),),
        goal=_restarted(name),
        requires=(
            *(checks.sees_all(fleet, other) for other in others),
            *(copies.has(fleet, other, name, before) for other in others),
        ),
        no_undo="it was started again",
        deadline=RESTART,
        proof=UP,
        expected=10.0,
    )
    for version in fleet.view.tomcats[name].running:
        goal = checks.runs(fleet, name, version)
        yield Step(f"{fleet.named(version)} runs on {name}", (), goal=goal, deadline=UP, expected=5.0)
    for one in fleet.names:
        yield steps.sees_all(fleet, one, MEET, 1.0)
    yield from copies.fetched(fleet, name, others[0], "theirs", MEET)


def _own_file(front: str, host: str, file: str) -> Check:
    """Whether the file is one of its own: a link would be replaced, and what it leads to left as it is."""

    def judge(answer: Answer) -> Verdict:
        said = answer.text.strip()
        return Verdict(said == "file" if said in ("file", "link") else None, said or "it is not there")

    quoted = shell(file)
    text = f"if [ -L {quoted} ]; then echo link; elif [ -f {quoted} ]; then echo file; fi"
    return Check(f"{file} of {front} is no link", Command(Client.SSH, host, text), reading(judge))


def _copies(fleet: Fleet, name: str) -> Check:
    """Whether what is stopped leaves its sessions to the others (DeltaManager, expireSessionsOnShutdown)."""

    def judge(answer: Answer) -> Verdict:
        found = [one for one in tomcat_jmx.managers(answer) if one.path == fleet.application.context]
        bad = [one for one in found if one.kind != DELTA or one.expires_all]
        if bad:
            how = "ends them when it stops" if bad[0].kind == DELTA else bad[0].kind
            return Verdict(False, f"{fleet.named(bad[0].version)}: {how}")
        return Verdict(bool(found), f"{DELTA} of {len(found)} version{'s' * (len(found) != 1)}")

    command = Command(Client.HTTP, name, tomcat_jmx.MANAGERS)
    return Check(f"{name} leaves its sessions to the others", command, reading(judge), deadline=DEADLINE)


def _idle(name: str) -> Step:
    """Requests under way end. The manager's own is one of them."""

    def busy(answer: Answer) -> int:
        return max(sum(one.busy for one in tomcat_jmx.threads(answer)) - 1, 0)

    def judge(answer: Answer) -> Verdict:
        count = busy(answer)
        return Verdict(not count, f"{count} requests under way")

    def left(answer: Answer) -> str:
        count = busy(answer)
        return f"{name} answers {count} requests that are under way" if count else ""

    command = Command(Client.HTTP, name, tomcat_jmx.THREADS)
    return Step(
        f"{name} answers what it was asked",
        (Act(command, lambda answer: "", pause=LOOK, pending=waiting(left)),),
        goal=Check(f"{name} has nothing to do", command, reading(judge), deadline=DEADLINE),
        deadline=IDLE,
        expected=1.0,
    )


def _restarted(name: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        again = str(tomcat_jmx.started(answer)) != answer.against
        return Verdict(again, "it was" if again else "it is the process of before")

    command = Command(Client.HTTP, name, tomcat_jmx.STARTED)
    against = value_name("began", name)
    return Check(f"{name} was started again", command, reading(judge), deadline=DEADLINE, against=against)
