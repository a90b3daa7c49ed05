"""A host that dies on purpose, for drills: at once, as by a kernel that panics, and boots by itself.

`systemctl reboot -ff` asks neither programs nor the service manager (systemctl(1), `--force` twice); a
container dies likewise (reboot(2), "Behavior inside PID namespaces"). That a host has died is known by the
life that it has afterwards, not by its silence. Nobody is killed whose loss would stop something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.plan import Act, Capture, Check, Grade, Precondition, Step, Verdict
from saitotui.model.profile import JourneyCheck, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application.journeys import journey_works, journeys_before
from saitotui.runbooks.judging import reading, value_name
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
SILENT = (FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.REFUSED)


def survived(profile: Profile, snapshot: Snapshot, host: str) -> str:
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


def journeys(profile: Profile) -> Sequence[JourneyCheck]:
    """What users do."""
    return profile.application.journeys if profile.application is not None else ()


def works_before(profile: Profile) -> Iterator[Precondition]:
    """What users do must work: nobody could tell what a drill did to it."""
    return strict(journeys_before(journeys(profile), "what this did to it"))


def works_on(profile: Profile, deadline: float) -> Iterator[Step]:
    """What users do works within `deadline` seconds."""
    for journey in journeys(profile):
        yield comes(journey_works(journey), f"{journey.name} works for users", deadline, 0.5)


def dies(host: str, *requires: Check) -> Iterator[Step]:
    """It dies; every one of `requires` must hold right before."""
    value = value_name("life", host)
    began = Capture(value, _life)
    yield Step(
        f"read since when {host} lives",
        (Act(Command(Client.SSH, host, LIFE), capture=began),),
        expected=0.1,
    )
    yield Step(
        f"{host} dies",
        (Act(Command(Client.SSH, host, DIE, danger=Danger.DISRUPTIVE)),),
        goal=_gone(host, value),
        requires=requires,
        no_undo="it boots by itself",
        deadline=30.0,
        expected=3.0,
    )


def returns(host: str) -> Step:
    """It is back, by itself."""
    value = value_name("life", host)

    def judge(answer: Answer) -> Verdict:
        anew = _life(answer) != answer.against
        return Verdict(anew, "it has begun anew" if anew else "it has never been gone")

    check = Check(
        f"{host} is back", Command(Client.SSH, host, LIFE), reading(judge), 6.0, against=value, pause=1.0
    )
    return comes(check, f"{host} boots", BOOT, 60.0)


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
