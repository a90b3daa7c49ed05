"""The fence of last resort: Hetzner's Robot holds the power button of a rented machine until it is off.

A machine that stays off is fenced; one that is merely reset boots again, so the other buttons are no fence.
"""

from __future__ import annotations

from saitotui.model.plan import Stage, Step
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.rented import HOLD, rented


def by_robot(profile: Profile, snapshot: Snapshot, host: str) -> tuple[Stage, ...] | str:
    """Two stages, each confirmed by typing: the machine is the one that is meant, then its button is held.
    Or why Robot cannot do that."""
    machine = rented(profile, snapshot, host)
    if isinstance(machine, str):
        return machine
    if HOLD not in machine.types:
        return f"Robot cannot hold the power button of {host} (server {machine.number})"
    step = Step(
        f"Robot holds the power button of {host} until it is off",
        (machine.press(HOLD),),
        goal=machine.off(),
        no_undo="it stays off until somebody switches it on (reset-server), once it is known who serves",
        deadline=60.0,
        expected=15.0,
    )
    off = Stage(
        "power-off",
        f"Robot switches off {host}",
        (step,),
        confirm=f"switch off {machine.number}",
        notice="whatever still runs there ends at once",
    )
    return (machine.meant(f"fence {host}"), off)
