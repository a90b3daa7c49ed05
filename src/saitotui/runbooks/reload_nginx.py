"""Lets nginx read its configuration again, one node after another; nobody notices.

The old workers take no new connections and end when their last one does: that is watched to its end. See
docs/runbooks/reload-nginx.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from saitotui.facts import nginx_workers
from saitotui.model.command import Answer, Failure
from saitotui.model.plan import (
    Act,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.profile import JourneyCheck, Nginx, Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import fronts
from saitotui.runbooks.application.journeys import journeys_after, journeys_before, journeys_of
from saitotui.runbooks.judging import reading, waiting
from saitotui.tiers.application.questions import ask
from saitotui.tiers.application.view import State, look

ID = "reload-nginx"
TITLE = "Let nginx read its configuration again"
DRAIN = 3600.0
"""Seconds for which old workers are watched: downloads and upgraded connections may last."""
LOOK = 1.0
"""Seconds between two looks at them."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the nginx nodes as `snapshot` has them."""
    nodes = _nodes(profile, snapshot, parameters.get("node", ""))
    if isinstance(nodes, tuple):
        return Refusal(ID, nodes)
    names = " and ".join(nodes)
    journeys = journeys_of(profile)
    return Plan(
        ID,
        TITLE,
        next(iter(nodes)),
        dict(parameters),
        f"{names} read{'s' * (len(nodes) == 1)} the configuration that is on disk; nobody notices",
        (*(_reload(name, node, journeys) for name, node in nodes.items()), _drain(nodes)),
        (*_preflight(nodes), *journeys_before(journeys, "what the reload did to it")),
        (),
        ("application",),
    )


def _nodes(profile: Profile, snapshot: Snapshot, wanted: str) -> Mapping[str, Nginx] | tuple[str, ...]:
    """The nodes to reload, or why none may be."""
    application = profile.application
    if application is None or not application.nginx:
        return ("the profile has no nginx",)
    if wanted and wanted not in application.nginx:
        return (f"the profile has no nginx {wanted!r}",)
    view = look(profile, application, ask(application, profile.poll), snapshot)
    nodes = {name: node for name, node in application.nginx.items() if wanted in ("", name)}
    down = tuple(
        f"nginx on {name} is {view.nginx[name].state.value}: only one that answers can be reloaded"
        for name in nodes
        if view.nginx[name].state is not State.ANSWERS
    )
    return down or nodes


def _preflight(nodes: Mapping[str, Nginx]) -> Iterator[Precondition]:
    for name, node in nodes.items():
        yield Precondition(
            fronts.sound(name, node),
            "nginx would go on with the old one, or not come up again",
            decisive=True,
        )
        yield Precondition(fronts.answers(name), "only one that answers can be reloaded")
        why = "each reload adds as many workers again, with their memory and connections"
        yield Precondition(_nobody_leaves(name, node), why, Grade.AMBER, Grade.AMBER)


def _reload(name: str, node: Nginx, journeys: Sequence[JourneyCheck]) -> Stage:
    body = (
        *fronts.reload(name, node, "put the old configuration back, and reload again"),
        *journeys_after(journeys),
    )
    title = f"nginx on {name} reads its configuration again"
    return Stage(name, title, body, confirm="y", notice="nothing", point_of_no_return=True)


def _drain(nodes: Mapping[str, Nginx]) -> Stage:
    body = tuple(
        Step(
            f"the old workers of {name} end with their last connection",
            (Act(fronts.on(node, nginx_workers.ASK), _left, pause=LOOK, pending=waiting(_leaving)),),
            goal=_nobody_leaves(name, node),
            deadline=DRAIN,
            expected=10.0,
            parks=True,
        )
        for name, node in nodes.items()
    )
    return Stage(
        "drain",
        "Old workers end what they began",
        body,
        notice="nothing",
        point_of_no_return=True,
        rests=True,
        optional=True,
    )


def _nobody_leaves(name: str, node: Nginx) -> Check:
    def judge(answer: Answer) -> Verdict:
        count = len(nginx_workers.workers(answer).leaving)
        return Verdict(not count, f"{count} have connections left" if count else "none")

    sentence = f"no old worker is left on {name}"
    return Check(sentence, fronts.on(node, nginx_workers.ASK), reading(judge))


def _leaving(answer: Answer) -> str:
    """Who is still waited for; a connection that is lost is made again."""
    count = len(nginx_workers.workers(answer).leaving)
    return f"{count} old worker{'s' * (count != 1)} with connections left" if count else ""


def _left(answer: Answer | Failure) -> str:
    return answer.sentence if isinstance(answer, Failure) else ""


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "The configuration is tested, then each nginx reads it; old workers are watched until they end.",
    plan,
    (Parameter("node", "the nginx to reload; without it all, one after another"),),
)
