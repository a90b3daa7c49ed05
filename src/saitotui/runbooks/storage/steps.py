"""Steps that move the service of a storage pair."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from saitotui.clients.quoting import shell
from saitotui.facts import nfs
from saitotui.model.command import Answer, Danger
from saitotui.model.plan import Act, Capture, Check, Step
from saitotui.runbooks.judging import whatever
from saitotui.runbooks.storage import checks
from saitotui.runbooks.storage.pair import FOLDER, Pair, hand_over, on
from saitotui.tiers.storage.view import PRIMARY, SECONDARY, NodeView

MOVE = 60.0
"""Seconds in which the service must have moved."""
ANNOUNCE = "export PATH=$PATH:/usr/share/heartbeat:/usr/lib/heartbeat:/usr/lib64/heartbeat; "
"""Where heartbeat's packages put hb_standby and hb_takeover."""
PATIENCE = 15
"""Seconds for which heartbeat may be in transition with everything in place: it ends a takeover in two or
three."""
TAKEN = (
    f'n=0; while [ "$(cl_status rscstatus)" = transition ] && [ $n -lt {PATIENCE} ]; do n=$((n+1)); sleep 1; '
    f"done; [ $n -lt {PATIENCE} ] || "
    r"printf '>>>\nt=resource\nrsc_hold=foreign\ninfo=mach_down\n<<<\n' >>/var/lib/heartbeat/fifo; "
)
"""The message with which heartbeat's own `mach_down` ends a takeover, for where it was lost: two scripts that
write to the FIFO at once spoil each other's. Without it heartbeat stays in transition for ever, and hears no
hb_takeover. In one write(2): that is whole (pipe(7), PIPE_BUF)."""
HEARD = 8
"""Seconds after which a word to heartbeat that changed nothing is taken for lost."""


def told_again(command: str, belief: str) -> str:
    """What tells heartbeat something until it believes it: the words of two that write to its FIFO at once
    are lost, and so is what it sends to a node that is slow."""
    believes = f'[ "$(cl_status rscstatus)" = {belief} ]'
    return (
        f"for n in 1 2 3; do {command}; m=0; until {believes} || [ $m -ge {HEARD} ]; "
        f"do m=$((m+1)); sleep 1; done; [ $m -ge {HEARD} ] || break; done; true"
    )


@cache
def script(name: str) -> str:
    """A script of this package."""
    return files(__package__).joinpath(name).read_text("utf-8")


def put_script(pair: Pair, *nodes: NodeView) -> Step:
    text = f"umask 077; mkdir -p {FOLDER} && cat >{FOLDER}/new && mv -f {FOLDER}/new {FOLDER}/hand_over.sh"
    put = script("hand_over.sh")
    acts = tuple(Act(on(node.host, text, Danger.REVERSIBLE, put)) for node in nodes)
    names = " and ".join(node.name for node in nodes)
    return Step(f"put hand_over.sh on {names}", acts, expected=0.2, together=True)


def ready(pair: Pair) -> Step:
    """What the standby needs to serve is in its memory before anybody waits for it."""
    act = Act(on(pair.new.host, pair.script("ready"), Danger.REVERSIBLE))
    return Step(f"{pair.new.name} gets ready to serve", (act,), deadline=20.0, expected=0.5)


def flush(pair: Pair) -> Step:
    """What is not on the disks yet would be written while everybody waits."""
    text = f"sync -f {shell(pair.storage.mount)}"
    act = Act(on(pair.old.host, text, Danger.REVERSIBLE))
    return Step(f"{pair.old.name} writes out what is in its memory", (act,), deadline=60.0, expected=0.5)


def read_connections(pair: Pair) -> Step:
    """Who must be told afterwards: a client that waits for an answer tries again only after seconds."""

    def connections(answer: Answer) -> str:
        return " ".join(shell(one) for one in nfs.connections(answer, pair.storage.floating_ip))

    act = Act(on(pair.old.host, nfs.SOCKETS), capture=Capture("connections", connections))
    return Step(f"read who is connected to {pair.old.name}", (act,), expected=0.1)


def wait_to_take(pair: Pair) -> Step:
    """The standby waits for the moment at which DRBD says that both are Secondary."""
    act = Act(on(pair.new.host, pair.script("take"), Danger.REVERSIBLE))
    return Step(
        f"{pair.new.name} waits for {pair.old.name} to give",
        (act,),
        undo=(Act(on(pair.new.host, hand_over(pair.view, "settled"), Danger.REVERSIBLE)),),
        deadline=15.0,
        expected=0.2,
    )


def give(pair: Pair) -> Step:
    """The active node stops everything; the standby takes it. Should it not, the active one has everything
    back after seconds, whoever is still there to ask for it."""
    old, new, storage = pair.old, pair.new, pair.storage
    acts = [Act(on(old.host, pair.script("give"), Danger.DISRUPTIVE))]
    if storage.floating_ip:
        acts.append(tickle(pair))
    return Step(
        f"{old.name} gives, {new.name} takes",
        tuple(acts),
        goal=checks.serves(storage, new),
        requires=(
            checks.mirrors(storage, old, PRIMARY),
            checks.mirrors(storage, new, SECONDARY),
            checks.holds_nothing(storage, new),
        ),
        undo=(
            drop(pair, new),
            Act(on(old.host, pair.script("back"), Danger.DISRUPTIVE)),
        ),
        undone=checks.serves(storage, old),
        deadline=MOVE,
        expected=3.0,
    )


def tickle(pair: Pair) -> Act:
    """As soon as the new node has the floating address, it tells clients that their connections are gone."""
    text = f"{hand_over(pair.view, 'tickle', pair.storage.floating_ip)} {{connections}}"
    return Act(on(pair.new.host, text, Danger.REVERSIBLE), accept=whatever)


def stop_watching(pair: Pair) -> Step:
    """The old node has had its chance to take everything back."""
    acts = tuple(Act(on(node.host, hand_over(pair.view, "settled"), Danger.REVERSIBLE)) for node in pair.both)
    return Step(f"{pair.old.name} does not take it back any more", acts, expected=0.1, together=True)


def tell_heartbeat(pair: Pair) -> tuple[Step, ...]:
    """heartbeat moves what has moved: it finds everything stopped here and running there, and knows it."""
    old, new = pair.old, pair.new
    return (
        _learns(new, old, f"{ANNOUNCE}{told_again('hb_standby all', 'none')}"),
        Step(
            f"heartbeat on {old.name} knows that it has nothing",
            (),
            goal=checks.heartbeat_holds(old, everything=False),
            deadline=30.0,
        ),
    )


def learns(node: NodeView, *, parks: bool = False) -> Step:
    """heartbeat on the node that serves takes itself for the one that has everything: what runs already is
    not started again."""
    return _learns(node, node, f"{ANNOUNCE}{TAKEN}{told_again('hb_takeover all', 'all')}", parks=parks)


def _learns(node: NodeView, told: NodeView, text: str, *, parks: bool = False) -> Step:
    return Step(
        f"heartbeat on {node.name} learns that it has everything",
        (Act(on(told.host, text, Danger.REVERSIBLE)),),
        goal=checks.heartbeat_holds(node, everything=True),
        no_undo="it knows what is true",
        deadline=MOVE,
        expected=10.0,
        parks=parks,
    )


def start_heartbeat(node: NodeView, goal: Check, no_undo: str, *requires: Check) -> Step:
    return Step(
        f"heartbeat runs on {node.name}",
        (Act(on(node.host, "systemctl start heartbeat", Danger.DISRUPTIVE)),),
        goal=goal,
        requires=requires,
        no_undo=no_undo,
        deadline=180.0,
        expected=20.0,
    )


def take(pair: Pair, verb: str, *requires: Check) -> Step:
    """The new node starts everything: nobody else serves."""
    return Step(
        f"{pair.new.name} takes the service",
        (Act(on(pair.new.host, pair.script(verb), Danger.DISRUPTIVE)),),
        goal=checks.serves(pair.storage, pair.new),
        requires=(*requires, checks.up_to_date(pair.storage, pair.new)),
        deadline=MOVE,
        expected=5.0,
    )


def drop(pair: Pair, node: NodeView) -> Act:
    """Everything on a node is stopped by its script."""
    return Act(on(node.host, pair.script("drop"), Danger.DISRUPTIVE))


def both_well(pair: Pair) -> tuple[Step, ...]:
    storage, old, new = pair.storage, pair.old, pair.new
    return (
        Step(f"{new.name} serves", (), goal=checks.serves(storage, new), deadline=10.0),
        Step(
            f"{new.name} is Primary, in sync", (), goal=checks.mirrors(storage, new, PRIMARY), deadline=20.0
        ),
        Step(
            f"{old.name} stands by, in sync", (), goal=checks.mirrors(storage, old, SECONDARY), deadline=20.0
        ),
    )
