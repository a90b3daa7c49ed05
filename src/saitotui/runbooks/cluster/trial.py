"""A guest for a trial: with no disk, nothing that anybody needs, and HA's to recover.

A virtual machine without a disk runs all the same: its firmware finds nothing to boot, and waits (Proxmox VE
API, `POST /nodes/NODE/qemu`). It is taken away from HA before it is destroyed, as PVE wants it.
"""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.facts import proxmox_resources
from saitotui.facts.proxmox_resources import GuestUse, Resources
from saitotui.model.command import Answer
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.runbooks.cluster import api, managed
from saitotui.runbooks.judging import value_name
from saitotui.tiers.cluster.view import View

NAME = "saitotui-drill"
MEMORY = 32
"""MiB that it takes."""
SETTLED = 30.0
"""Seconds for which it must run before it is tried: figures of guests are up to 10 s old (pvestatd)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The guest `vmid`, made on `node`."""

    vmid: str
    node: str

    @property
    def sid(self) -> str:
        return f"vm:{self.vmid}"


def trial(view: View, node: str, vmid: str) -> Trial | str:
    """The trial guest of that number; or why there can be none."""
    if not vmid.isascii() or not vmid.isdigit() or not 100 <= int(vmid) <= 999_999_999:
        return f"{vmid!r} is no guest's number: 100 to 999999999"
    taken = next((guest for guest in view.guests if guest.vmid == vmid), None)
    if taken is not None and taken.name != NAME:
        return f"guest {vmid} is {taken.name or 'somebody else'}: give the number of none"
    if taken is not None and taken.node != node:
        return f"a guest of an earlier trial is on {taken.node}: destroy {vmid} first, or give another number"
    return Trial(vmid, node)


def made(guest: Trial) -> tuple[Step, ...]:
    """It exists, is HA's, and has run for a while."""
    body: dict[str, str | int] = {"vmid": int(guest.vmid), "name": NAME, "memory": MEMORY, "cores": 1}
    start = managed.tell(guest.sid, "started", "")
    return (
        Step(
            f"a guest {guest.vmid} without a disk is made on {guest.node}",
            (api.order(f"post /nodes/{guest.node}/qemu", body),),
            goal=_exists(guest, True),
            undo=(api.order(f"delete /nodes/{guest.node}/qemu/{guest.vmid}"),),
            undone=_exists(guest, False),
            deadline=30.0,
            expected=2.0,
        ),
        Step(
            f"HA runs guest {guest.vmid}",
            (start,),
            goal=_runs(guest, 0.0),
            undo=(managed.tell(guest.sid, "", "started"), _stop(guest, guest.node)),
            undone=_off(guest),
            deadline=120.0,
            expected=20.0,
        ),
        Step(
            f"guest {guest.vmid} has run for a while",
            (),
            goal=_runs(guest, SETTLED),
            deadline=120.0,
            expected=SETTLED,
        ),
    )


def removed(guest: Trial) -> tuple[Step, ...]:
    """It is taken away from HA, stopped and destroyed, wherever it is."""
    where = value_name("home", guest.vmid)
    on = Act(api.asked("/cluster/resources"), capture=Capture(where, lambda answer: _home(answer, guest)))
    here = "{" + where + "}"
    return (
        Step(
            f"HA forgets guest {guest.vmid}",
            (managed.tell(guest.sid, "", "started"),),
            goal=managed.held(guest.sid, ""),
            no_undo="the trial is over",
            expected=1.0,
        ),
        Step(f"ask where guest {guest.vmid} is", (on,), expected=0.1),
        Step(
            f"guest {guest.vmid} is off",
            (_stop(guest, here),),
            goal=_off(guest),
            no_undo="the trial is over",
            deadline=60.0,
            expected=12.0,
        ),
        Step(
            f"guest {guest.vmid} is destroyed",
            (api.order(f"delete /nodes/{here}/qemu/{guest.vmid}"),),
            goal=_exists(guest, False),
            requires=(managed.held(guest.sid, ""), _off(guest)),
            no_undo="there was nothing in it",
            deadline=60.0,
            expected=2.0,
        ),
    )


def _stop(guest: Trial, node: str) -> Act:
    return api.order(f"post /nodes/{node}/qemu/{guest.vmid}/status/stop")


def _home(answer: Answer, guest: Trial) -> str:
    found = _ours(proxmox_resources.resources(answer), guest)
    if found is None:
        raise ValueError(f"there is no guest {guest.vmid} of a trial")
    return shell(found.node)


def _ours(found: Resources, guest: Trial) -> GuestUse | None:
    """The guest, if it is one of a trial: somebody else's is never touched."""
    use = found.guest(guest.vmid)
    return use if use is not None and use.name == NAME else None


def _exists(guest: Trial, wanted: bool) -> Check:
    def judge(found: Resources) -> Verdict:
        use = _ours(found, guest)
        return Verdict((use is not None) is wanted, f"on {use.node}" if use is not None else "there is none")

    return api.by_resources(f"guest {guest.vmid} of the trial {'exists' if wanted else 'is gone'}", judge)


def _runs(guest: Trial, seconds: float) -> Check:
    def judge(found: Resources) -> Verdict:
        use = _ours(found, guest)
        if use is None:
            return Verdict(False, "there is none")
        up = use.uptime or 0.0
        return Verdict(
            use.status == "running" and up >= seconds, f"{use.status} on {use.node} for {up:.0f} s"
        )

    long = f" for {seconds:.0f} s" if seconds else ""
    return api.by_resources(f"guest {guest.vmid} of the trial runs{long}", judge)


def _off(guest: Trial) -> Check:
    def judge(found: Resources) -> Verdict:
        use = _ours(found, guest)
        if use is None:
            return Verdict(True, "there is none")
        return Verdict(use.status == "stopped", f"{use.status} on {use.node}")

    return api.by_resources(f"guest {guest.vmid} of the trial does not run", judge)
