"""Steps of database runbooks."""

from __future__ import annotations

from saitotui.clients.quoting import haproxy as word
from saitotui.clients.quoting import shell, sql
from saitotui.facts.haproxy import SHOW_STATE
from saitotui.model.command import ACTING, Answer, Client, Command, Danger, Failure
from saitotui.model.plan import Act, Capture, Check, Step
from saitotui.model.profile import Database
from saitotui.runbooks.database import checks
from saitotui.runbooks.database.pair import Follower, Handover, Named, Server, state_file
from saitotui.runbooks.judging import value_name, whatever

FREEZE = 3.0
"""Seconds for which the lock is asked for, again and again, before the run gives up."""
FORWARD = "past the point of no return"


def act(server: Follower, text: str, danger: Danger = Danger.DISRUPTIVE) -> Act:
    return Act(Command(Client.MYSQL, server.name, text, danger=danger, session=ACTING))


def freeze(old: Server) -> Step:
    """Stops all writes, privileged ones too, without waiting in a queue that writers would queue behind. Who
    writes now waits; when this connection ends, however it ends, writes go on as if nothing had happened."""
    words = old.dialect
    lock = act(old, "FLUSH TABLES WITH READ LOCK")
    position = Capture("position", lambda answer: sql(str(answer.rows[0]["position"] or "")))
    return Step(
        f"freeze {old.name}",
        (
            act(old, f"SET SESSION lock_wait_timeout = {words.no_wait}", Danger.READ),
            Act(lock.command, again=True),
            Act(act(old, words.position, Danger.READ).command, capture=position),
        ),
        undo=(act(old, "UNLOCK TABLES"),),
        undone=checks.writable(old.name, True),
        deadline=FREEZE,
        expected=0.002,
    )


def close_old(old: Server, new: Server) -> Step:
    """Read-only while the lock is held and before the new master opens: never do two take writes, whoever
    dies when. As late as that, because what begins to write from here on is refused and no longer waits.
    Once the new one was told to open, this is undone only if that one is proven closed."""
    return Step(
        f"close {old.name} for writes",
        (act(old, old.dialect.close),),
        undo=(act(old, old.dialect.open),),
        undone=checks.writable(old.name, True),
        undo_requires=(checks.closed(new.name),),
        deadline=2.0,
        expected=0.001,
    )


def catch_up(new: Server) -> Step:
    """Waits until the replica has everything: the server itself gives up after five seconds."""

    def reached(answer: Answer | Failure) -> str:
        if isinstance(answer, Failure):
            return answer.sentence
        waited = next(iter(answer.rows[0].values()), None)
        return "" if str(waited) == "0" else f"{new.name} did not catch up within 5 s"

    waiting = act(new, new.dialect.reached, Danger.READ)
    return Step(
        f"{new.name} catches up", (Act(waiting.command, accept=reached),), deadline=6.0, expected=0.001
    )


def open_new(new: Server) -> Step:
    return Step(
        f"open {new.name} for writes",
        (act(new, new.dialect.open),),
        requires=(checks.closed(new.name),),
        goal=checks.writable(new.name, True),
        undo=(act(new, new.dialect.close),),
        undone=checks.closed(new.name),
        deadline=2.0,
        expected=0.001,
    )


def turn_line(pair: Handover, node: str, to: Named, away: Named) -> str:
    """One line that readies one server, stops the other, and cuts its sessions."""
    backend = word(pair.database.write_backend)
    ready, stopped = word(to.line_names[node]), word(away.line_names[node])
    return (
        f"set server {backend}/{ready} state ready; set server {backend}/{stopped} state maint; "
        f"shutdown sessions server {backend}/{stopped}"
    )


def _turned(answer: Answer | Failure) -> str:
    """HAProxy says nothing when it has done what it was told."""
    if isinstance(answer, Failure):
        return answer.sentence
    return answer.text.strip()


def turn_all(pair: Handover) -> Step:
    """Sends the writes of all nodes to the new master at the same time. A node that does not answer is passed
    by: the new master takes writes already, and the next stage asks that node again."""
    acts = tuple(Act(_turn(pair, node), accept=whatever) for node in pair.balancers)
    return Step(
        f"{' and '.join(pair.balancers)} send writes to {pair.new.name}",
        acts,
        no_undo=FORWARD,
        deadline=1.0,
        expected=0.002,
        together=True,
    )


def turn(pair: Handover, node: str) -> Step:
    """Sends one node's writes to the new master, and proves that nobody is left on the old one."""
    return Step(
        f"{node} sends writes to {pair.new.name}",
        (Act(_turn(pair, node), accept=_turned),),
        goal=_turned_goal(pair, node),
        no_undo=FORWARD,
        deadline=5.0,
        expected=0.002,
    )


def _turn(pair: Handover, node: str) -> Command:
    return Command(Client.HAPROXY, node, turn_line(pair, node, pair.new, pair.old), danger=Danger.DISRUPTIVE)


def _turned_goal(pair: Handover, node: str) -> Check:
    return checks.sends_writes_to(
        node,
        pair.database.write_backend,
        pair.new.line_names[node],
        (pair.old.line_names[node],),
        drained=True,
    )


def unlock(old: Server) -> Step:
    """Lets waiting writers go: they meet read_only. A connection that is lost has given the lock back."""
    let_go = Act(act(old, "UNLOCK TABLES").command, accept=whatever)
    return Step(f"unlock {old.name}", (let_go,), deadline=2.0, expected=0.001)


def stays_frozen(old: Follower) -> Step:
    return Step(
        f"{old.name} stays read-only",
        (act(old, old.dialect.close),),
        goal=checks.writable(old.name, False),
        no_undo=FORWARD,
        expected=0.01,
    )


def read_known(server: Server) -> Step:
    """Captures all that a server ever had, as `{known}`."""
    known = Capture("known", lambda answer: sql(str(answer.rows[0]["state"] or "")))
    return Step(
        f"read what {server.name} has",
        (Act(Command(Client.MYSQL, server.name, server.dialect.known), capture=known),),
        expected=0.05,
    )


def nothing_lost(old: Server, new: Server) -> tuple[Step, Step]:
    """Proof: whoever wrote to the old master after the freeze, by a privilege that read_only does not stop,
    wrote nothing that the new one lacks. It needs nothing that was read inside the critical stage."""
    lacks = checks.lacks_nothing(old.name, old.dialect, new.name, new.variables)
    return read_known(new), Step(f"nothing is left on {old.name} alone", (), goal=lacks, expected=0.01)


def detach(new: Server) -> Step:
    return Step(
        f"{new.name} stops following",
        tuple(act(new, text) for text in new.dialect.stop),
        goal=checks.follows_nobody(new.name),
        no_undo=FORWARD,
        expected=0.1,
    )


def semi_sync(server: Follower, on: bool) -> Step:
    """On a server without a replica it would make every commit wait; so: off here first, on there last."""
    name = server.dialect.semi_sync
    word_ = "asks" if on else "no longer asks"
    return Step(
        f"{server.name} {word_} for acknowledgements",
        (act(server, f"SET GLOBAL {name} = {'ON' if on else 'OFF'}", Danger.REVERSIBLE),),
        goal=checks.variable(server.name, name, on, f"{name} is {'ON' if on else 'OFF'} on {server.name}"),
        no_undo=FORWARD,
        expected=0.02,
    )


def attach(database: Database, old: Follower, new: Server) -> Step:
    """The old master follows the new one, as the profile says how."""
    user, authority = database.replication_user, database.replication_ca
    change = old.dialect.change_source(new.address, new.port, user, authority)
    start = old.dialect.stop[0].replace("STOP", "START")
    return Step(
        f"{old.name} follows {new.name}",
        (act(old, old.dialect.stop[0]), act(old, change), act(old, start)),
        goal=checks.follows(old.name, new.name, new.address, new.port, None),
        no_undo=FORWARD,
        deadline=15.0,
        expected=1.0,
    )


def proof(master: Server, node: str) -> Step:
    return Step(
        f"writes through {node} end at {master.name}",
        (),
        goal=checks.reaches(node, master.variables.server_id, master.name),
        expected=0.02,
    )


def keep(pair: Handover, node: str, file: str) -> tuple[Step, Step]:
    """Reads the node's server states and writes them to its state file, so that a reload or restart keeps
    what was turned."""
    host = pair.database.haproxy[node].host
    name = value_name("state", node)
    read = Act(
        Command(Client.HAPROXY, node, SHOW_STATE), capture=Capture(name, lambda answer: shell(answer.text))
    )
    path, new = shell(file), shell(f"{file}.saitotui")
    text = f"printf '%s' {{{name}}} > {new} && mv -f -- {new} {path}"
    return (
        Step(f"read the server states of {node}", (read,), expected=0.05),
        Step(
            f"{node} keeps them over a reload",
            (Act(Command(Client.SSH, host, text, danger=Danger.REVERSIBLE)),),
            goal=checks.saved(node, host, file, pair.database.write_backend, pair.new.line_names[node]),
            no_undo=FORWARD,
            expected=0.1,
        ),
    )


def prove(pair: Handover) -> tuple[Step, ...]:
    """Writes through every node go on to end at the new master after a reload, and do so now. In this order:
    a node that was started again in between has come up with the old states."""
    body: list[Step] = []
    for node in pair.balancers:
        if file := state_file(pair, node):
            body += keep(pair, node, file)
    return (*body, *(proof(pair.new, node) for node in pair.balancers))
