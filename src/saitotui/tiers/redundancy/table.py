"""The table that answers for every node: what stops if it dies now?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saitotui.model.health import Health
from saitotui.model.text import size
from saitotui.model.topology import Cell, Node, Row, Table
from saitotui.tiers.redundancy.impact import Impact, Loss, lose, worst
from saitotui.tiers.redundancy.machines import RECOVERY, Machines
from saitotui.tiers.redundancy.services import Service

NOT_MACHINES = ("cluster", "console", "api", "failover-ip", "journey")
"""Kinds of nodes that cannot die by themselves."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What stops if `node` dies now."""

    node: Node
    loss: Loss


def answers(machines: Machines, services: Sequence[Service]) -> Iterator[Answer]:
    """An answer for every node of the platform that can die."""
    for picture in machines.pictures:
        for node in picture.nodes:
            if node.kind not in NOT_MACHINES:
                yield Answer(node, if_lost(node, machines, services))


def if_lost(node: Node, machines: Machines, services: Sequence[Service]) -> Loss:
    """What the loss of one node, and of all that falls with it, does to the platform."""
    lost = machines.fallen(node)
    hit = worst(lose(service, lost) for service in services)
    carrier = node.id if node.kind == "hypervisor" else machines.node_of(node.host)
    known = machines.view.nodes.get(carrier) if machines.view else None
    if known is None or carrier not in lost:
        return hit
    if known.online is False:
        return Loss(Impact.NOTHING, "it is gone already")
    return worst([_with_recovery(carrier, hit, machines), _quorum(machines), _room(carrier, machines)])


def _quorum(machines: Machines) -> Loss:
    spare = machines.margin
    if spare is None:
        return Loss(Impact.UNKNOWN, "cluster: quorum is not known")
    if spare <= 0:
        return Loss(Impact.DOWN, "cluster: quorum is lost, HA stops and nodes reset themselves")
    return Loss(Impact.DEGRADED, "cluster: one vote less") if spare == 1 else Loss(Impact.NOTHING)


def _with_recovery(node: str, hit: Loss, machines: Machines) -> Loss:
    """What stops, and for how long, when HA restarts the guests elsewhere."""
    carried = list(machines.guests(node))
    stay = [guest.name for guest in carried if not guest.restarts]
    if stay:
        return worst([hit, Loss(Impact.DEGRADED, f"{', '.join(stay)} stay down until the node is back")])
    if carried and hit.impact is Impact.DOWN:
        return Loss(hit.impact, f"{hit.why}; HA restarts its guests in {RECOVERY}")
    return hit


def _room(node: str, machines: Machines) -> Loss:
    fits = machines.fits(node)
    if fits is None or fits[0] <= fits[1]:
        return Loss(Impact.NOTHING)
    return Loss(Impact.DOWN, f"its guests need {size(fits[0])}, the others have {size(fits[1])}")


def table(given: Sequence[Answer]) -> Table:
    """Worst first. A row is not unwell because its loss would hurt: that is so on a healthy platform too."""
    rows = [
        Row(
            answer.node.id,
            (
                Cell(answer.node.id),
                Cell(answer.node.tier),
                Cell(answer.loss.impact.word, answer.loss.impact.health),
                Cell(answer.loss.why),
            ),
            Health.UNKNOWN if answer.loss.impact is Impact.UNKNOWN else Health.OK,
        )
        for answer in sorted(given, key=lambda answer: -answer.loss.impact)
    ]
    return Table(
        "redundancy", "What stops if it dies now", ("node", "tier", "if it dies now", "why"), tuple(rows)
    )
