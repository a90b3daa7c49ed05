"""A storage pair's service moves under heartbeat: the nodes hand it over, then heartbeat learns of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from saitotui.model.plan import Check, Grade, Precondition, Stage, Step
from saitotui.runbooks.storage import checks, steps
from saitotui.runbooks.storage.pair import Pair

well = checks.heartbeat_well


def preflight(pair: Pair) -> Iterator[Precondition]:
    if not pair.managed:
        return
    for node in pair.both:
        why = "it would act against this: where it stays in transition, rejoin-drbd-node ends that"
        yield Precondition(well(node, pair.other[node.name].name), why, decisive=True)
    for node in pair.both:
        why = "one cable is all that keeps both from becoming active"
        yield Precondition(checks.two_links(node), why, Grade.AMBER, Grade.AMBER)
        why = "after a healed partition heartbeat stays stopped on both"
        yield Precondition(checks.comes_back(node), why, Grade.AMBER, Grade.AMBER)
        why = "a takeover after a power cut may fail: raise deadtime, or lower ping-int and ping-timeout"
        yield Precondition(checks.knows_first(pair, node), why, Grade.AMBER, Grade.AMBER)


def hand_over(pair: Pair) -> tuple[Step, ...]:
    return (steps.wait_to_take(pair), steps.give(pair))


def settle(pair: Pair) -> Stage:
    body = [steps.stop_watching(pair)]
    body += steps.tell_heartbeat(pair) if pair.managed else ()
    return Stage("settle", "The cluster manager knows where everything is", tuple(body), notice="nothing")


def may_take(pair: Pair) -> Iterator[Precondition]:
    """Nothing: its resource scripts need no heartbeat."""
    yield from ()


def take(pair: Pair, dead: bool, requires: tuple[Check, ...]) -> tuple[Step, ...]:
    start = replace(
        steps.take(pair, "start" if dead else "back", *requires),
        undo=(steps.drop(pair, pair.new),),
        undone=checks.holds_nothing(pair.storage, pair.new),
    )
    return (steps.put_script(pair, pair.new), steps.ready(pair), start)


def learns(pair: Pair) -> tuple[Step, ...]:
    return (steps.learns(pair.new, parks=True),) if pair.new.managed else ()
