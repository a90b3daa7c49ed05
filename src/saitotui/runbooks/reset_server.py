"""Presses a button of a rented machine by Hetzner's Robot: a machine that hangs, or one that is off.

See docs/runbooks/reset-server.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.plan import Grade, Parameter, Plan, Precondition, Refusal, Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.booting import booted
from saitotui.runbooks.fencing import silent
from saitotui.runbooks.rented import Rented, rented

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


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the machine that the parameters name."""
    host, how = parameters.get("host", ""), parameters.get("how", "") or "hard"
    if how not in KINDS:
        return Refusal(ID, (f"how is {how!r}: give {', '.join(KINDS)}",))
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
        goal=booted(host),
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
