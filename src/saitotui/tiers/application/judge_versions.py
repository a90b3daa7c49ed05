"""Findings about deployed versions and their sessions."""

from __future__ import annotations

from collections.abc import Iterator

from saitotui.facts.tomcat import counted_order, overtaken
from saitotui.model.finding import Finding
from saitotui.tiers.application import situations_deploy as d
from saitotui.tiers.application.judge_tomcats import TIER
from saitotui.tiers.application.view import DELTA, TomcatView, View

UNEVEN = 0.25
"""Share of a version's sessions that one Tomcat may lack: the counts are not of one moment."""
UNEVEN_LEAST = 20
"""Sessions that it may lack in any case."""


def version_findings(view: View) -> Iterator[Finding]:
    known = [tomcat for tomcat in view.tomcats.values() if tomcat.apps is not None]
    running = [tomcat for tomcat in known if tomcat.running]
    for tomcat in known:
        yield from _deployed(view, tomcat, running)
    yield from _served(view, running)
    for version in view.versions:
        yield from _partial(view, version, running)
        yield from _draining(view, version, running)
    yield from _copies(view, running)


def _deployed(view: View, tomcat: TomcatView, running: list[TomcatView]) -> Iterator[Finding]:
    context = view.application.context
    stopped = [view.named(app.version) for app in tomcat.apps or () if not app.running]
    listed = f"manager of {tomcat.name}: " + (
        ", ".join(f"{app.name} {'running' if app.running else 'stopped'}" for app in tomcat.apps or ())
        or f"no {context}"
    )
    if not tomcat.running:
        others = ", ".join(f"{other.name} serves {view.named(other.serves or '')}" for other in running)
        sentence = f"no version of {context} runs on {tomcat.name}"
        yield d.VERSION_MISSING.found(tomcat.name, sentence, listed, *([others] if others else []))
    if stopped:
        does = "does" if len(stopped) == 1 else "do"
        still = f", it serves {view.named(tomcat.serves)}" if tomcat.serves is not None else ""
        sentence = f"{' and '.join(stopped)} on {tomcat.name} {does} not run{still}"
        yield d.VERSION_STOPPED.found(tomcat.name, sentence, listed)


def _served(view: View, running: list[TomcatView]) -> Iterator[Finding]:
    served: dict[str, list[str]] = {}
    for tomcat in running:
        served.setdefault(tomcat.serves or "", []).append(tomcat.name)
    if len(served) > 1:
        said = [f"{' and '.join(names)} {view.named(version)}" for version, names in served.items()]
        yield d.VERSIONS_DIFFER.found(
            TIER, f"new visitors get different versions: {', '.join(said)}", "managers' lists"
        )
    traps: dict[tuple[str, str], list[str]] = {}
    for tomcat in running:
        if (trap := overtaken(tomcat.running)) is not None:
            traps.setdefault(trap, []).append(tomcat.name)
    if traps:
        (taken, meant), names = max(traps.items(), key=lambda item: len(item[1]))
        sentence = f"{view.named(taken)} is served and not {view.named(meant)}: versions order as text"
        everywhere = sorted({name for some in traps.values() for name in some})
        yield d.VERSION_ORDER.found(TIER, sentence, f"running on {', '.join(everywhere or names)}")


def _partial(view: View, version: str, running: list[TomcatView]) -> Iterator[Finding]:
    """A version with sessions, that some lack. What they serve otherwise is said by other findings."""
    having = [tomcat for tomcat in running if version in tomcat.running]
    lacking = [tomcat for tomcat in running if version not in tomcat.running]
    if (
        not having
        or not lacking
        or not view.sessions(version)
        or all(tomcat.serves == version for tomcat in having)
    ):
        return
    sentence = f"{' and '.join(one.name for one in lacking)} cannot take over sessions of "
    sentence += f"{view.named(version)}: it does not run there"
    said = (f"{one.name}: {app.sessions} sessions" for one in having if (app := one.app(version)))
    yield d.VERSION_PARTIAL.found(version_id(view, version), sentence, *said)


def version_id(view: View, version: str) -> str:
    """What findings about a version are about: `/app##2`."""
    return view.named(version)


def _draining(view: View, version: str, running: list[TomcatView]) -> Iterator[Finding]:
    """Old: wherever it runs, a newer one is served; both as Tomcat orders them and as people do."""
    having = [tomcat for tomcat in running if version in tomcat.running]
    newer = {tomcat.serves for tomcat in having if tomcat.serves is not None}
    if not having or version in newer:
        return
    if any(counted_order(version) > counted_order(other) for other in newer):
        return
    sessions, name = view.sessions(version), view.named(version)
    sentence = f"{name} drains: {sessions} session{'s' * (sessions != 1)} left"
    if not sessions:
        sentence = f"{name} is empty on {' and '.join(one.name for one in having)}: it may be undeployed"
    said = (f"{one.name}: {app.sessions} sessions" for one in having if (app := one.app(version)))
    yield d.DRAINING.found(version_id(view, version), sentence, *said)


def _copies(view: View, running: list[TomcatView]) -> Iterator[Finding]:
    """Which Tomcat lacks sessions that another one has, and which keeps its own to itself."""
    if len(running) < 2:
        return
    for tomcat in running:
        said = [*_lacks(view, tomcat, running), *_alone(view, tomcat)]
        if said:
            sentence, evidence = said[0]
            yield d.NOT_REPLICATED.found(
                tomcat.name, sentence, evidence, *(f"{also} ({why})" for also, why in said[1:])
            )


def _lacks(view: View, tomcat: TomcatView, running: list[TomcatView]) -> Iterator[tuple[str, str]]:
    for app in tomcat.apps or ():
        if not app.running or tomcat.manager(app.version) != DELTA:
            continue
        most = max((there.sessions for one in running if (there := one.app(app.version))), default=0)
        if most - app.sessions > max(UNEVEN_LEAST, UNEVEN * most):
            sentence = f"{tomcat.name} knows {app.sessions} of {most} sessions of {view.named(app.version)}"
            yield sentence, "managers' lists"


def _alone(view: View, tomcat: TomcatView) -> Iterator[tuple[str, str]]:
    for manager in tomcat.managers or ():
        if manager.version in tomcat.running and not manager.replicated:
            sentence = f"{tomcat.name} copies no sessions of {view.named(manager.version)}"
            yield sentence, f"JMX: its session manager is a {manager.kind}"
