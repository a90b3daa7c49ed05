"""A storage pair's service is moved, or started, by pacemaker: its own tools, its own order.

crm_resource(8): `--move` leaves a rule that binds the resource to the node, until `--clear`; it is given a
lifetime, so that a run that dies binds nothing for ever. stonith_admin(8): `--confirm`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from saitotui.clients.quoting import shell
from saitotui.facts import pacemaker
from saitotui.facts.pacemaker import Location, Pacemaker
from saitotui.model.command import Answer, Danger
from saitotui.model.plan import Act, Check, Grade, Precondition, Stage, Step, Verdict
from saitotui.runbooks.judging import reading, whatever
from saitotui.runbooks.storage import checks, steps
from saitotui.runbooks.storage.pair import Pair, on
from saitotui.tiers.storage.questions import MANAGER
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, NodeView

MOVE = 180.0
"""Seconds in which pacemaker must have moved everything (measured: 21 to 27)."""
LIFETIME = "PT1H"


def preflight(pair: Pair) -> Iterator[Precondition]:
    for node in pair.both:
        why = "pacemaker must be able to run it on either node, or it does something else"
        yield Precondition(well(node, pair.other[node.name].name), why, decisive=True)
    why = f"pacemaker would not run it on {pair.new.name}: crm_resource --cleanup, once it is mended"
    yield Precondition(_no_failure(pair.old, pair.new.name), why, decisive=True)
    why = f"it would not move: crm_resource --resource {pair.group} --clear"
    yield Precondition(unbound(pair), why, decisive=True)
    yield Precondition(_free(pair), "pacemaker may move it back once it is free to", Grade.AMBER, Grade.AMBER)


def hand_over(pair: Pair) -> tuple[Step, ...]:
    old, new, storage = pair.old, pair.new, pair.storage
    acts = [Act(on(old.host, _move(pair, new), Danger.DISRUPTIVE))]
    if storage.floating_ip:
        acts.append(steps.tickle(pair))
    back = f"{_move(pair, old)} && timeout {MOVE / 2:g} crm_resource --wait; {_clear(pair)}"
    return (
        Step(
            f"pacemaker moves {pair.group} to {new.name}",
            tuple(acts),
            goal=checks.serves(storage, new),
            requires=(checks.mirrors(storage, old, PRIMARY), checks.mirrors(storage, new, SECONDARY)),
            undo=(Act(on(old.host, back, Danger.DISRUPTIVE)),),
            undone=checks.serves(storage, old),
            deadline=MOVE,
            expected=25.0,
        ),
    )


def settle(pair: Pair) -> Stage:
    return Stage(
        "settle",
        f"pacemaker may place {pair.group} where it wants again",
        (_freed(pair), _rests(pair.new)),
        notice="nothing",
    )


def may_take(pair: Pair) -> Iterator[Precondition]:
    """Whether pacemaker on the survivor, where it runs already, can start the service there."""
    node = pair.new

    def judge(found: Pacemaker) -> Verdict:
        if not found.running:
            return Verdict(True, "pacemaker is stopped, and is started")
        own = found.member(node.name)
        if found.maintenance or (own is not None and own.maintenance):
            return Verdict(False, "it is in maintenance")
        if own is None or not own.online or own.standby:
            return Verdict(False, "it is in standby" if own is not None and own.standby else "it is offline")
        return Verdict(True, "with quorum" if found.quorate else "without quorum")

    sentence = f"pacemaker may run something on {node.name}"
    yield Precondition(
        _check(node, sentence, judge), "end that first: pacemaker starts nothing", decisive=True
    )


def take(pair: Pair, dead: bool, requires: tuple[Check, ...]) -> tuple[Step, ...]:
    """The new node gets the service. Of a node that is `dead` it is proven already that it has no power."""
    new, old = pair.new, pair.old
    body = []
    if new.managed is not True:
        body.append(start(new))
    if dead:
        body.append(_told_dead(new, old.name))
    again = Act(on(new.host, "crm_resource --cleanup", Danger.REVERSIBLE), accept=whatever)
    body += [
        Step(
            f"{new.name} takes the service",
            (again, Act(on(new.host, _move(pair, new), Danger.DISRUPTIVE))),
            goal=checks.serves(pair.storage, new),
            requires=(*requires, checks.up_to_date(pair.storage, new)) if new.managed else requires,
            no_undo="pacemaker runs it where it can",
            deadline=MOVE,
            expected=25.0,
        ),
        _freed(pair),
    ]
    return tuple(body)


def learns(pair: Pair) -> tuple[Step, ...]:
    return (_rests(pair.new),)


def start(node: NodeView) -> Step:
    """pacemaker runs on a node, and corosync with it."""
    return Step(
        f"pacemaker runs on {node.name}",
        (Act(on(node.host, "systemctl start pacemaker", Danger.DISRUPTIVE)),),
        goal=_check(
            node,
            f"pacemaker on {node.name} is in the cluster",
            lambda found: Verdict(_online(found, node.name), _said(found)),
        ),
        no_undo="to stop it would stop what it runs",
        deadline=120.0,
        expected=20.0,
    )


def unbound(pair: Pair) -> Check:
    """Whether no rule of an earlier move binds it."""

    def judge(found: tuple[Location, ...]) -> Verdict:
        rules = [one.id for one in found if one.moved and one.resource == pair.group]
        return Verdict(not rules, ", ".join(rules) or "no rule")

    return _rules(pair, f"no earlier move binds {pair.group}", judge)


def _free(pair: Pair) -> Check:
    def judge(found: tuple[Location, ...]) -> Verdict:
        rules = [f"{one.resource} on {one.node or 'a rule'}: {one.score}" for one in found if not one.moved]
        return Verdict(not rules, ", ".join(rules) or "no rule")

    return _rules(pair, "no rule of pacemaker prefers a node", judge)


def _rules(pair: Pair, sentence: str, judge: Callable[[tuple[Location, ...]], Verdict]) -> Check:
    command = on(pair.new.host, pacemaker.CONSTRAINTS)
    return Check(sentence, command, reading(lambda answer: judge(pacemaker.locations(answer))), 6.0)


def _check(node: NodeView, sentence: str, judge: Callable[[Pacemaker], Verdict]) -> Check:
    """A check of what pacemaker says on a node now."""

    def judged(answer: Answer) -> Verdict:
        return judge(pacemaker.pacemaker(answer))

    return Check(sentence, on(node.host, pacemaker.STATUS), reading(judged), MANAGER)


def _online(found: Pacemaker, name: str) -> bool:
    one = found.member(name)
    return one is not None and one.online and not one.pending


def _said(found: Pacemaker) -> str:
    return (
        ", ".join(f"{one.name} {'online' if one.online else 'offline'}" for one in found.members) or "stopped"
    )


def leave_standby(node: NodeView) -> Step:
    """crm_standby(8)."""
    name = shell(node.name)

    def judge(found: Pacemaker) -> Verdict:
        own = found.member(node.name)
        return Verdict(
            own is not None and not own.standby, "standby" if own and own.standby else _said(found)
        )

    return Step(
        f"{node.name} is in standby no more",
        (Act(on(node.host, f"crm_standby --node {name} --delete", Danger.DISRUPTIVE)),),
        goal=_check(node, f"pacemaker may run something on {node.name}", judge),
        undo=(Act(on(node.host, f"crm_standby --node {name} --update on", Danger.DISRUPTIVE)),),
        deadline=30.0,
        expected=2.0,
    )


def well(node: NodeView, other: str) -> Check:
    def judge(found: Pacemaker) -> Verdict:
        if not found.running:
            return Verdict(False, "it is stopped")
        wrong = ["no quorum"] if found.quorate is False else []
        wrong += ["maintenance mode"] if found.maintenance else []
        for name in (node.name, other):
            one = found.member(name)
            if one is None or not one.online or one.unclean or one.pending:
                wrong.append(f"{name} is not online")
            elif one.standby or one.maintenance:
                wrong.append(f"{name} is in {'standby' if one.standby else 'maintenance'}")
        wrong += [f"{one.id} is not managed" for one in found.resources if not one.managed]
        return Verdict(not wrong, ", ".join(dict.fromkeys(wrong)) or _said(found))

    return _check(node, f"pacemaker on {node.name} has both nodes and manages everything", judge)


def _no_failure(node: NodeView, where: str) -> Check:
    def judge(found: Pacemaker) -> Verdict:
        failed = [f"{one.resource} {one.task}: {one.said}" for one in found.failures if one.node == where]
        return Verdict(not failed, ", ".join(failed) or "none")

    return _check(node, f"pacemaker remembers no failure on {where}", judge)


def _told_dead(node: NodeView, dead: str) -> Step:
    """pacemaker may start elsewhere what ran there: its way to be told that a person has fenced a node."""

    def judge(found: Pacemaker) -> Verdict:
        one = found.member(dead)
        if not found.running or one is None:
            return Verdict(None, "pacemaker does not say how it is")
        return Verdict(not (one.online or one.unclean), "unclean" if one.unclean else _said(found))

    return Step(
        f"pacemaker on {node.name} takes {dead} for fenced",
        (Act(on(node.host, f"stonith_admin --confirm {shell(dead)}", Danger.DISRUPTIVE)),),
        goal=_check(node, f"{dead} is offline, and clean", judge),
        no_undo="it is true",
        deadline=60.0,
        expected=5.0,
    )


def _freed(pair: Pair) -> Step:
    return Step(
        f"no rule binds {pair.group} any more",
        (Act(on(pair.new.host, _clear(pair), Danger.REVERSIBLE)),),
        goal=unbound(pair),
        no_undo="it runs where it was moved to",
        deadline=20.0,
        expected=2.0,
    )


def _rests(node: NodeView) -> Step:
    text = "timeout 45 crm_resource --wait --timeout 40"
    act = Act(on(node.host, text))
    return Step("pacemaker has nothing more to do", (act,), deadline=50.0, expected=3.0)


def _move(pair: Pair, node: NodeView) -> str:
    words = f"--move --node {shell(node.name)} --lifetime {LIFETIME}"
    return f"crm_resource --resource {shell(pair.group)} {words}"


def _clear(pair: Pair) -> str:
    return f"crm_resource --resource {shell(pair.group)} --clear"
