"""A host that dies on purpose, for drills: at once, and nobody on it is told.

By its own kernel, as one that panics: `systemctl reboot -ff` asks neither programs nor the service manager
(systemctl(1), `--force` twice); a container dies likewise (reboot(2), "Behavior inside PID namespaces"). It
boots at once. Or Robot holds its power button, and it stays off until others serve: a cluster manager that
waits for minutes sees it come back too early otherwise.

That it has died is known by the life that it has afterwards, not by its silence. Nobody is killed whose loss
would stop something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.plan import Act, Capture, Check, Grade, Parameter, Precondition, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application.journeys import journey_works, journeys_before, journeys_of
from saitotui.runbooks.judging import reading, value_name
from saitotui.runbooks.rented import HOLD, Rented, rented
from saitotui.tiers.kinds import tier_kinds
from saitotui.tiers.redundancy.impact import Impact
from saitotui.tiers.redundancy.machines import machines
from saitotui.tiers.redundancy.services import services
from saitotui.tiers.redundancy.table import if_lost

LIFE = "cat /proc/sys/kernel/random/boot_id; cut -d' ' -f22 </proc/1/stat"
"""Prints what is another after each start: the kernel's boot id, and since when its first process runs
(random(4); proc(5), `starttime`): a container has the boot id of who carries it."""
DIE = (
    "systemd-run --quiet --collect --on-active=1 --timer-property=AccuracySec=10ms "
    "sh -c 'systemctl reboot -ff'"
)
"""A second later, so that the answer comes before."""
BOOT = 900.0
"""Seconds in which it must be back: rented machines test their memory first."""
CRASH, ROBOT = "crash", "robot"
WAYS = (CRASH, ROBOT)
"""How it dies: by its own kernel, or without power, of which Robot takes care (rented machines)."""
ON = "power"
"""The power button, pressed: of a machine that is off."""
BY = Parameter("by", "`crash`: its own kernel, it boots at once; `robot`: no power until others serve", CRASH)
SILENT = (FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.REFUSED)


def hindered(profile: Profile, snapshot: Snapshot, host: str) -> str:
    """Why `host` may not die now: what would stop, or is not known; '' when it may. A pause while another
    takes over is no reason."""
    pictures = [tier.picture(snapshot) for kind in tier_kinds() if (tier := kind.build(profile)) is not None]
    every = (node for picture in pictures for node in picture.nodes)
    known = next((node for node in every if node.kind == "host" and node.host == host), None)
    if known is None:
        return f"nothing is known of {host}"
    loss = if_lost(known, machines(profile, snapshot, pictures), tuple(services(pictures)))
    if loss.impact < Impact.UNKNOWN:
        return ""
    word = "nobody can tell what would stop" if loss.impact is Impact.UNKNOWN else "something would stop"
    return f"{word} without {host}: {loss.why}"


def strict(lines: Iterable[Precondition]) -> Iterator[Precondition]:
    """Nothing may be amiss before a drill: what others accept is red."""
    for line in lines:
        yield replace(line, grade=Grade.RED, unknown=Grade.RED, decisive=True)


def works_before(profile: Profile) -> Iterator[Precondition]:
    """What users do must work: nobody could tell what a drill did to it."""
    return strict(journeys_before(journeys_of(profile), "what this did to it"))


def works_on(profile: Profile, deadline: float) -> Iterator[Step]:
    """What users do works within `deadline` seconds."""
    for journey in journeys_of(profile):
        yield comes(journey_works(journey), f"{journey.name} works for users", deadline, 0.5)


def power(profile: Profile, snapshot: Snapshot, host: str, by: str) -> Rented | str | None:
    """The machine whose button is held, when it dies `by` Robot; or why that cannot be. None: it dies by its
    own kernel."""
    if by not in WAYS:
        return f"by is {by!r}: give {' or '.join(WAYS)}"
    if by == CRASH:
        return None
    machine = rented(profile, snapshot, host)
    if isinstance(machine, str) or {HOLD, ON} <= set(machine.types):
        return machine
    return f"Robot cannot hold the power button of {host} (server {machine.number}), and press it again"


def meant(machine: Rented | None) -> tuple[Stage, ...]:
    """By Robot: the machine is the one that is meant, which is confirmed by itself."""
    return () if machine is None else (machine.meant(f"kill {machine.host}"),)


def word(node: str, machine: Rented | None) -> str:
    """What is typed before it dies."""
    return f"kill {node}" if machine is None else f"switch off {machine.number}"


def dies(host: str, *requires: Check, machine: Rented | None = None) -> Iterator[Step]:
    """It dies; every one of `requires` must hold right before. By Robot it stays off, until it `returns`."""
    value = value_name("life", host)
    yield Step(
        f"read since when {host} lives",
        (Act(Command(Client.SSH, host, LIFE), capture=Capture(value, _life)),),
        expected=0.1,
    )
    order = Act(Command(Client.SSH, host, DIE, danger=Danger.DISRUPTIVE))
    yield Step(
        f"{host} dies",
        (order,) if machine is None else (machine.press(HOLD),),
        goal=_gone(host, value) if machine is None else machine.off(),
        requires=requires,
        no_undo="it boots by itself" if machine is None else "it is switched on once others serve",
        deadline=30.0 if machine is None else 90.0,
        expected=3.0 if machine is None else 15.0,
    )


def returns(host: str, machine: Rented | None = None) -> Step:
    """It is back: by itself, or switched on."""
    value = value_name("life", host)

    def judge(answer: Answer) -> Verdict:
        anew = _life(answer) != answer.against
        return Verdict(anew, "it has begun anew" if anew else "it has never been gone")

    command = Command(Client.SSH, host, LIFE)
    check = Check(f"{host} is back", command, reading(judge), 6.0, against=value, pause=1.0)
    if machine is None:
        return comes(check, f"{host} boots", BOOT, 60.0)
    step = comes(check, f"{host} is switched on, and boots", BOOT, 120.0)
    return replace(step, acts=(machine.press(ON),), requires=(machine.off(),), no_undo="it is meant to run")


def comes(check: Check, title: str, deadline: float, expected: float) -> Step:
    """What comes about by itself within `deadline` seconds: who is silent has not come yet."""

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure) and answer.kind in SILENT:
            return Verdict(False, answer.sentence)
        return check.judge(answer)

    goal = replace(check, judge=judge, pause=max(check.pause, 0.5))
    return Step(title, (), goal=goal, deadline=deadline, expected=expected, parks=True)


def _life(answer: Answer) -> str:
    """As `LIFE` prints it. ValueError when it is not that."""
    words = answer.text.split()
    if len(words) != 2 or not words[1].isdigit():
        raise ValueError(f"{answer.text.strip()[:80]!r} does not tell since when it lives")
    return "/".join(words)


def _gone(host: str, value: str) -> Check:
    """Asked right after it answered: silence is its death, and so is another life."""

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure):
            return Verdict(answer.kind in SILENT or None, answer.sentence)
        anew = _life(answer) != answer.against
        return Verdict(anew, "it has begun anew" if anew else "it lives")

    return Check(f"{host} has died", Command(Client.SSH, host, LIFE), judge, 2.0, against=value)
