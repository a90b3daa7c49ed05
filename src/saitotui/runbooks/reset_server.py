"""Presses a button of a rented machine by Hetzner's Robot: a machine that hangs, or one that is off.

See docs/runbooks/reset-server.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.facts import host as host_facts
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind
from saitotui.model.plan import Check, Grade, Parameter, Plan, Precondition, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.model.text import duration
from saitotui.runbooks.fencing import silent
from saitotui.runbooks.judging import reading
from saitotui.runbooks.rented import Rented, foreign, rented

ID = "reset-server"
TITLE = "Reset a rented machine"
KINDS = {"soft": "sw", "hard": "hw", "on": "power"}
"""What Robot calls the buttons: Ctrl+Alt+Del, the reset button, the power button."""
WORDS = {
    "soft": "Ctrl+Alt+Del is sent to {}",
    "hard": "the reset button of {} is pressed",
    "on": "the power button of {} is pressed",
}
BOOT = 600.0
"""Seconds in which a machine must have booted."""
FRESH = 900.0
"""Seconds since its start for which it counts as booted just now."""
BOOTING = (FailureKind.UNREACHABLE, FailureKind.TIMEOUT, FailureKind.REFUSED)
"""How a machine answers that boots: nobody listens yet."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the machine that the parameters name."""
    host, how = parameters.get("host", ""), parameters.get("how", "") or "hard"
    if how not in KINDS:
        return Refusal(ID, (f"how is {how!r}: give {', '.join(KINDS)}",))
    if profile.hardware is not None and not host:
        known = ", ".join(dict.fromkeys(profile.hardware.servers.values()))
        return Refusal(ID, (f"give host=, it is one of {known}",))
    machine = rented(profile, snapshot, host)
    if isinstance(machine, str):
        return Refusal(ID, (machine,))
    if KINDS[how] not in machine.types:
        offered = ", ".join(machine.types) or "none"
        return Refusal(ID, (f"Robot offers {offered} for {host}, not {KINDS[how]}",))
    return Plan(
        ID,
        TITLE,
        host,
        dict(parameters),
        f"{WORDS[how].format(host)}, Robot's server {machine.number}, and it boots",
        (machine.meant(f"reset {host}"), _press(machine, how)),
        tuple(_preflight(machine, how)),
        (),
        ("hardware",),
        (host,),
    )


def _preflight(machine: Rented, how: str) -> Iterator[Precondition]:
    if how == "on":
        yield Precondition(machine.off(), "its button would begin to switch it off", decisive=True)
        return
    why = "it lives: what runs there ends hard, reboot it from inside instead"
    yield Precondition(silent(machine.host, machine.host), why, Grade.AMBER, Grade.AMBER)


def _press(machine: Rented, how: str) -> Stage:
    host = machine.host
    step = Step(
        f"{host} boots",
        (machine.press(KINDS[how]),),
        goal=_booted(host),
        requires=(machine.off(),) if how == "on" else (),
        no_undo="what was in its memory is gone",
        deadline=BOOT,
        expected=120.0,
    )
    return Stage(
        "press",
        WORDS[how].format(host),
        (step,),
        confirm=f"press {KINDS[how]} of {machine.number}",
        notice="nothing: it was off" if how == "on" else f"whatever still runs on {host} ends at once",
        point_of_no_return=True,
    )


def _booted(host: str) -> Check:
    def fresh(answer: Answer) -> Verdict:
        up = host_facts.facts(answer).uptime
        return Verdict(up < FRESH, f"up for {duration(round(up))}")

    def judge(answer: Answer | Failure) -> Verdict:
        """No answer is an answer: it has not booted."""
        if isinstance(answer, Failure) and (answer.kind in BOOTING or foreign(answer)):
            return Verdict(False, answer.sentence)
        return reading(fresh)(answer)

    command = Command(Client.SSH, host, host_facts.FACTS)
    return Check(f"{host} answers, and has booted just now", command, judge, 6.0, pause=2.0)


RUNBOOK = Runbook(
    ID,
    "hardware",
    TITLE,
    "A rented machine that hangs is reset, or one that is off is switched on; it boots, and answers.",
    plan,
    (
        Parameter("host", "the host of the profile (hardware.servers)"),
        Parameter("how", "`soft` (Ctrl+Alt+Del), `hard` (the reset button; the default) or `on`"),
    ),
)
