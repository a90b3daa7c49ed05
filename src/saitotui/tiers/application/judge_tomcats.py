"""Findings about Tomcats as services: do they answer, have they threads and heap left, how many serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.finding import Finding, Situation
from saitotui.model.health import Health
from saitotui.model.text import duration, one_line, size
from saitotui.tiers.application import situations as s
from saitotui.tiers.application.judge_fronts import process_evidence
from saitotui.tiers.application.view import State, TomcatView, View

TIER = "application"
FULL = 97.0
"""Percent of the request threads from which visitors wait."""

_BAD: Mapping[State, tuple[Situation, str]] = {
    State.DOWN: (s.TOMCAT_DOWN, "Tomcat on {} is down"),
    State.STARTING: (s.TOMCAT_STARTING, "Tomcat on {} is starting"),
    State.HUNG: (s.TOMCAT_HUNG, "Tomcat on {} accepts connections and does not answer"),
    State.UNREACHABLE: (s.TOMCAT_UNREACHABLE, "Tomcat on {} cannot be reached"),
    State.DENIED: (s.MANAGER_DENIED, "the manager of Tomcat on {} refuses this console"),
    State.UNREADABLE: (s.MANAGER_UNREADABLE, "the manager of Tomcat on {} gives no usable answer"),
}


def tomcat_findings(view: View) -> Iterator[Finding]:
    for tomcat in view.tomcats.values():
        yield from _service(tomcat)
        yield from _threads(view, tomcat)
        yield from _heap(view, tomcat)
    yield from _count(view)


def _service(tomcat: TomcatView) -> Iterator[Finding]:
    if tomcat.state not in _BAD:
        return
    situation, words = _BAD[tomcat.state]
    sentence = words.format(tomcat.name)
    if tomcat.state is State.DOWN and tomcat.processes == ():
        sentence += ": no Java process runs there"
    if tomcat.state is State.STARTING and tomcat.processes:
        sentence += f" since {duration(min(process.age for process in tomcat.processes))}"
    said = one_line(tomcat.failure.sentence) if tomcat.failure else ""
    evidence = process_evidence(tomcat.processes, "Java", tomcat.profile.host)
    yield situation.found(tomcat.name, sentence, said, *evidence)


def _threads(view: View, tomcat: TomcatView) -> Iterator[Finding]:
    threads = tomcat.threads
    if threads is None or threads.percent is None:
        return
    if threads.percent >= view.application.limits.threads_percent:
        sentence = f"{threads.busy} of {threads.most} request threads of {tomcat.name} are busy"
        health = Health.CRIT if threads.percent >= FULL else None
        yield s.THREADS_BUSY.found(
            tomcat.name, sentence, f"JMX ThreadPool {one_line(threads.connector)}", health=health
        )


def _heap(view: View, tomcat: TomcatView) -> Iterator[Finding]:
    heap = tomcat.heap
    if heap is None or heap.percent is None or heap.most is None:
        return
    if heap.percent >= view.application.limits.heap_percent:
        sentence = f"{tomcat.name} uses {heap.percent:.0f}% of its heap"
        yield s.HEAP_HIGH.found(
            tomcat.name, sentence, f"JMX java.lang Memory: {size(heap.used)} of {size(heap.most)}"
        )


def _count(view: View) -> Iterator[Finding]:
    """How many serve. Those of which nobody knows may serve."""
    every = list(view.tomcats.values())
    serving = [tomcat.name for tomcat in every if tomcat.serving]
    unknown = [tomcat.name for tomcat in every if tomcat.serving is None]
    lost = [tomcat for tomcat in every if tomcat.serving is False]
    evidence = [f"{tomcat.name}: {word(tomcat)}" for tomcat in every]
    if not lost or len(serving) + len(unknown) > 1:
        return
    if not serving and not unknown:
        sentence = f"none of the {len(every)} Tomcats serves {view.application.context}"
        yield s.NO_TOMCAT.found(TIER, sentence, *evidence)
    elif len(every) > 1:
        maybe = "" if serving else ", and whether it serves is unknown"
        sentence = f"only {(serving or unknown)[0]} is left of {len(every)} Tomcats{maybe}"
        yield s.SINGLE_NODE_LEFT.found(TIER, sentence, *evidence)


def word(tomcat: TomcatView) -> str:
    """Its state in a word or two."""
    if tomcat.state is State.ANSWERS and not tomcat.running:
        return "no version runs"
    return tomcat.state.value
