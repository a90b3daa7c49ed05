"""Keeps as evidence what a Tomcat's threads do and what its heap is full of, before anybody restarts it.

Thread dumps are taken while users are served; for the heap every thread stands still, so it is walked while
nginx leads nobody there. See docs/runbooks/examine-tomcat.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from saitotui.clients.quoting import shell
from saitotui.facts import jvm, tomcat_jmx
from saitotui.model.command import Answer, Client, Command, Danger, Failure
from saitotui.model.plan import (
    Act,
    Capture,
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
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, steps, turns
from saitotui.runbooks.application.fleet import Fleet, fleet_of
from saitotui.runbooks.judging import reading, value_name
from saitotui.runbooks.robots import APPLICATION, disarm

ID = "examine-tomcat"
TITLE = "Keep a Tomcat's threads and heap as evidence"
DUMPS = 3
PAUSE = 2.0
"""Seconds between two dumps: a thread that is in the same place in all of them is stuck there."""
WALK = 120.0
"""Seconds in which a heap is walked."""
LARGE = 4 << 30
"""Bytes in use from which that lasts a second or more: 0.2 to 0.4 s a GiB, with G1 on two processors."""
MEET = 60.0


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    name, out = parameters["node"], parameters.get("out", "yes")
    fleet = fleet_of(profile, snapshot, name)
    if isinstance(fleet, tuple):
        return Refusal(ID, fleet)
    if out not in ("yes", "no"):
        return Refusal(ID, (f"out={out} is neither yes nor no",))
    wrong = turns.unfit(fleet, (name,)) if out == "yes" else ()
    if wrong:
        return Refusal(ID, (*wrong, "with out=no its users wait while the heap is walked"))
    leaves = out == "yes"
    return Plan(
        ID,
        TITLE,
        name,
        dict(parameters),
        f"{DUMPS} thread dumps of {name} and what its heap is full of are kept as evidence",
        tuple(_stages(fleet, name, leaves=leaves)),
        tuple(_preflight(fleet, name, leaves=leaves)),
        tuple(disarm(profile, snapshot, APPLICATION)),
        ("application",),
    )


def _preflight(fleet: Fleet, name: str, *, leaves: bool) -> Iterator[Precondition]:
    yield Precondition(_has_tool(fleet, name), "nothing else shows what is in a heap")
    if leaves:
        yield from turns.preflight(fleet, (name,))
    else:
        why = "its users wait while it is walked: 0.2 to 0.4 s for each GiB"
        yield Precondition(_is_small(name), why, Grade.AMBER, Grade.AMBER)


def _stages(fleet: Fleet, name: str, *, leaves: bool) -> Iterator[Stage]:
    host = fleet.application.tomcats[name].host
    yield Stage("threads", f"Dump the threads of {name}", tuple(_dumps(host, name)), notice="nothing")
    heap = (*_walked(fleet, name), *_well(fleet, name))
    if not leaves:
        notice = f"users of {name} wait while its heap is walked"
        yield Stage("heap", f"Walk the heap of {name}", heap, confirm="y", notice=notice)
        return
    out = tuple(turns.take_out(fleet, name))
    yield Stage("out", f"Take {name} out of nginx", out, confirm="y", notice=turns.NOBODY, once=True)
    yield Stage("heap", f"Walk the heap of {name}", heap, notice="nothing: nobody is led there", once=True)
    back = tuple(turns.put_back(fleet, name))
    yield Stage("back", f"Put {name} back into nginx", back, notice="nothing")


def _dumps(host: str, name: str) -> Iterator[Step]:
    wait = Act(Command(Client.SSH, host, f"sleep {PAUSE:g}"))
    dump = Act(
        Command(Client.HTTP, name, jvm.DUMP), _read_by(jvm.threads), tells=_states, keeps=f"{name}-threads"
    )
    for number in range(1, DUMPS + 1):
        acts = (wait, dump) if number > 1 else (dump,)
        expected = PAUSE * len(acts) - PAUSE + 0.2
        yield Step(f"dump the threads of {name}, {number} of {DUMPS}", acts, expected=expected)


def _states(answer: Answer) -> str:
    all_of_them, run = jvm.threads(answer)
    return f"{all_of_them} threads, {run} run or wait for input"


def _read_by(read: Callable[[Answer], object]) -> Callable[[Answer | Failure], str]:
    """Takes an answer that can be read; otherwise says why it cannot."""

    def accept(answer: Answer | Failure) -> str:
        if isinstance(answer, Failure):
            return answer.sentence
        try:
            read(answer)
        except ValueError as error:
            return str(error)
        return ""

    return accept


def _walked(fleet: Fleet, name: str) -> Iterator[Step]:
    server, value = fleet.application.tomcats[name], value_name("pid", name)
    find = Act(
        Command(Client.HTTP, name, jvm.VMINFO),
        capture=Capture(value, lambda answer: shell(str(jvm.pid(answer)))),
        tells=lambda answer: f"process {jvm.pid(answer)}",
    )
    yield Step(f"find the process of {name}", (find,), expected=0.1)
    # A JVM before 12 lets only its own user attach (JDK-8197387).
    text = (
        f'( runuser -u "$(stat -c %U /proc/{{{value}}})" -- '
        f"{shell(server.jcmd)} {{{value}}} GC.class_histogram -all )"
    )
    walk = Act(
        Command(Client.SSH, server.host, text, danger=Danger.DISRUPTIVE),
        _read_by(jvm.histogram),
        tells=lambda answer: jvm.histogram(answer).worded(),
        keeps=f"{name}-heap",
    )
    yield Step(f"count what is in the heap of {name}", (walk,), deadline=WALK, expected=2.0)


def _well(fleet: Fleet, name: str) -> Iterator[Step]:
    """Who stood still may have been taken for dead by the others."""
    for version in fleet.view.tomcats[name].running:
        goal = checks.runs(fleet, name, version)
        yield Step(f"{fleet.named(version)} runs on {name}", (), goal=goal, deadline=MEET, expected=0.1)
    for one in fleet.names if len(fleet.names) > 1 else ():
        yield steps.sees_all(fleet, one, MEET)


def _has_tool(fleet: Fleet, name: str) -> Check:
    server = fleet.application.tomcats[name]

    def judge(answer: Answer) -> Verdict:
        path = answer.text.strip()
        missing = f"{server.jcmd} is not there: install the JDK's tools, or set jcmd of {name} in the profile"
        return Verdict(answer.status == 0 and bool(path), path or missing)

    command = Command(Client.SSH, server.host, f"command -v {shell(server.jcmd)}")
    return Check(f"{server.host} has the JDK's jcmd", command, reading(judge))


def _is_small(name: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        used = tomcat_jmx.heap(answer).used
        return Verdict(used < LARGE, f"{used >> 20} MiB are in use")

    command = Command(Client.HTTP, name, tomcat_jmx.MEMORY)
    return Check(f"the heap of {name} is small", command, reading(judge), deadline=checks.DEADLINE)


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "Thread dumps while it serves; then, out of nginx, a histogram of its heap; then it is put back.",
    plan,
    (
        Parameter("node", "the Tomcat", required=True),
        Parameter("out", "no: it stays in nginx, and its users wait while the heap is walked", default="yes"),
    ),
)
