"""Starts Tomcats that are down or hang; they get the sessions back from those that serve.

See docs/runbooks/start-tomcat.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.plan import Act, Check, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, copies, steps
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.application.journeys import journeys_after
from saitotui.runbooks.guests import undisturbed
from saitotui.runbooks.judging import reading
from saitotui.runbooks.robots import APPLICATION, disarm
from saitotui.tiers.application.questions import ask
from saitotui.tiers.application.view import State, look

ID = "start-tomcat"
TITLE = "Start a Tomcat that is down or hangs"
RESTART, UP, MEET = 180.0, 120.0, 60.0
"""Seconds for the service manager (systemd kills what does not stop in 90), until the Tomcat answers, and
until it has the others' sessions."""
DEAD = (State.DOWN, State.HUNG)
SILENT = (FailureKind.REFUSED, FailureKind.TIMEOUT)
"""What is known of a Tomcat that gives these: it does not serve."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    application = profile.application
    if application is None or not application.tomcats:
        return Refusal(ID, ("the profile has no Tomcat",))
    fleet = Fleet(look(profile, application, ask(application, profile.poll), snapshot), application)
    names = _dead(fleet, parameters.get("node", ""))
    if isinstance(names, str):
        return Refusal(ID, (names,))
    hosts = [application.tomcats[name].host for name in names]
    who = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
    return Plan(
        ID,
        TITLE,
        " ".join(names),
        dict(parameters),
        f"{who} started, to serve what the others serve, with their sessions",
        (*(_start(fleet, name) for name in names), _prove(fleet, names)),
        (*(_free(fleet, name) for name in names), *undisturbed(profile, hosts)),
        tuple(disarm(profile, snapshot, APPLICATION, hosts)),
        ("application",),
    )


def _dead(fleet: Fleet, wanted: str) -> tuple[str, ...] | str:
    """The Tomcats to start; or why there is none."""
    tomcats = fleet.view.tomcats
    if wanted and wanted not in tomcats:
        return f"the profile has no Tomcat {wanted!r}"
    if wanted and tomcats[wanted].state is State.ANSWERS:
        return f"{wanted} answers: restart-tomcats starts it again, out of nginx"
    if wanted and tomcats[wanted].state not in DEAD:
        return f"{wanted} is {tomcats[wanted].state.value}: nobody knows whether it serves"
    dead = tuple(name for name, tomcat in tomcats.items() if tomcat.state in DEAD and wanted in ("", name))
    return dead or "no Tomcat is down or hangs"


def _serving(fleet: Fleet) -> tuple[str, ...]:
    return tuple(name for name, tomcat in fleet.view.tomcats.items() if tomcat.serving)


def _free(fleet: Fleet, name: str) -> Precondition:
    """Somebody who masked a unit did not want it to be started."""
    server = fleet.application.tomcats[name]

    def judge(answer: Answer) -> Verdict:
        said = answer.text.strip()
        return Verdict(bool(said) and said != "masked", said or "there is no such unit")

    text = f"systemctl is-enabled {shell(server.unit)} 2>/dev/null"
    check = Check(
        f"{server.unit} on {server.host} may be started",
        Command(Client.SSH, server.host, text),
        reading(judge),
    )
    return Precondition(check, "who masked it had a reason", decisive=True)


def _start(fleet: Fleet, name: str) -> Stage:
    server, serving = fleet.application.tomcats[name], _serving(fleet)
    unit, body = shell(server.unit), list[Step]()
    if fleet.view.tomcats[name].state is State.HUNG:
        text = f"systemctl kill --kill-who=main --signal=QUIT {unit} && sleep 2"
        write = Act(Command(Client.SSH, server.host, text, danger=Danger.REVERSIBLE), lambda answer: "")
        body.append(Step(f"{name} writes what its threads do into its log", (write,), expected=2.1))
    start = Act(Command(Client.SSH, server.host, f"systemctl restart {unit}", danger=Danger.DISRUPTIVE))
    body.append(
        Step(
            f"start {name}",
            (start,),
            goal=_serves(fleet, name, serving),
            no_undo="it was down before",
            deadline=RESTART,
            proof=UP,
            expected=15.0,
        )
    )
    body += _gets_sessions(fleet, name, serving)
    return Stage(
        f"start-{name}",
        f"Start {name}",
        tuple(body),
        confirm=f"start {name}",
        notice="nothing: it serves nobody; once it answers, nginx leads users there again",
        point_of_no_return=True,
    )


def _serves(fleet: Fleet, name: str, serving: tuple[str, ...]) -> Check:
    """Whether a Tomcat gives new visitors what the others give them, or anything when none serves."""
    version = fleet.view.tomcats[serving[0]].serves if serving else None
    found = (
        checks.serves(fleet, name, version) if version is not None else checks.another_runs(fleet, name, "-")
    )
    sentence = found.sentence if version is not None else f"{name} serves a version of the application"

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure) and answer.kind in SILENT:
            return Verdict(False, answer.sentence)
        return found.judge(answer)

    return Check(sentence, found.command, judge, deadline=found.deadline)


def _gets_sessions(fleet: Fleet, name: str, serving: tuple[str, ...]) -> Iterator[Step]:
    """It fetches the sessions of the others when it has found them."""
    if not serving or not fleet.view.tomcats[serving[0]].cluster:
        return
    yield from copies.fetched(fleet, name, serving[0], "sessions", MEET, 2.0)


def _prove(fleet: Fleet, names: tuple[str, ...]) -> Stage:
    up = (*_serving(fleet), *names)
    whole = len(up) == len(fleet.names) > 1 and any(tomcat.cluster for tomcat in fleet.view.tomcats.values())
    body = [steps.sees_all(fleet, name, MEET, 1.0) for name in (fleet.names if whole else ())]
    body += journeys_after(fleet.application.journeys)
    return Stage("prove", "Prove it from the users' side", tuple(body), notice="nothing")


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "Its unit is started; it serves what the others serve, and has their sessions.",
    plan,
    (Parameter("node", "the Tomcat; without it every one that is down or hangs"),),
)
