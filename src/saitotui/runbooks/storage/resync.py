"""Waiting for a resync or an online verify: how far it is, how long it takes, how fast it may be."""

from __future__ import annotations

import re
from collections.abc import Callable

from saitotui.clients.quoting import shell
from saitotui.facts import drbd, drbd_proc, drbd_status
from saitotui.facts.drbd import View as Drbd
from saitotui.model.command import Answer, Danger
from saitotui.model.plan import Act, Step
from saitotui.model.profile import Storage
from saitotui.runbooks.judging import waiting
from saitotui.runbooks.storage import checks
from saitotui.runbooks.storage.pair import on
from saitotui.tiers.storage.progress import how_far, kib
from saitotui.tiers.storage.view import NodeView

LONGEST = 48 * 3600.0
"""Seconds that a resync or a verify may take."""
LOOK = 1.0
"""Seconds between two looks."""
RATE = re.compile(r"[1-9]\d{0,5}[kKmM]?")
"""How fast a resync may be (drbd.conf(5), `resync-rate`): KiB/s, or with a unit."""
_MARK = "--- proc"


def both_views(storage: Storage) -> str:
    """Asks drbdsetup and /proc/drbd, which alone estimates the end."""
    return f"({drbd.status_command(storage.resource)}); s=$?; echo '{_MARK}'; cat /proc/drbd; exit $s"


def merged(storage: Storage, answer: Answer) -> Drbd:
    """The view in an answer of `both_views`."""
    minor = drbd.minor_of(storage.device)
    status, _, proc = answer.text.partition(f"{_MARK}\n")
    said = drbd_status.status(Answer(status, answer.status), storage.resource, minor)
    return drbd.merged(drbd_proc.proc(Answer(proc), minor), said) or said


def progress(view: Drbd) -> str:
    """`67% done, 84 MiB left, about 39s at 2 MiB/s`."""
    words = how_far(view, view.finish)
    if view.finish is not None and view.speed:
        words[-1] += f" at {kib(view.speed)}/s"
    if view.paused:
        words.append(f"paused by {', '.join(view.paused)}")
    return ", ".join(words)


def wait(
    storage: Storage, node: NodeView, title: str, left: Callable[[Drbd], str], *, parks: bool = False
) -> Step:
    """Waits until `left` gives nothing of the node's view any more."""
    pending = waiting(lambda answer: left(merged(storage, answer)), node.name)
    act = Act(on(node.host, both_views(storage)), pending=pending, pause=LOOK)
    return Step(title, (act,), deadline=LONGEST, expected=60.0, parks=parks)


def until_in_sync(storage: Storage, node: NodeView) -> Step:
    """Waits until the node's copy is whole. That it takes long is no reason to undo anything."""

    def left(view: Drbd) -> str:
        if view.resyncing:
            return progress(view)
        return "" if view.in_sync else checks.said(view)

    return wait(storage, node, f"{node.name} gets what it lacks", left, parks=True)


def until_verified(storage: Storage, node: NodeView) -> Step:
    def left(view: Drbd) -> str:
        return progress(view) if view.verifying else ""

    return wait(storage, node, "both copies are compared", left, parks=True)


def throttled(storage: Storage, rate: str, *nodes: NodeView) -> Step:
    """Until the configuration is applied again the resync is as fast as `rate`, and no faster."""
    text = f"drbdadm disk-options --resync-rate={shell(rate)} --c-plan-ahead=0 {shell(storage.resource)}"
    acts = tuple(Act(on(node.host, text, Danger.REVERSIBLE)) for node in nodes)
    undo = tuple(_adjust(storage, node) for node in nodes)
    return Step(f"the resync takes {rate} a second at most", acts, undo=undo, expected=0.3)


def as_configured(storage: Storage, *nodes: NodeView) -> Step:
    return Step(
        "the resync's speed is as configured", tuple(_adjust(storage, node) for node in nodes), expected=0.3
    )


def _adjust(storage: Storage, node: NodeView) -> Act:
    return Act(on(node.host, f"drbdadm adjust {shell(storage.resource)}", Danger.REVERSIBLE))
