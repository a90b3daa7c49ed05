"""Checks and steps of a promotion: is it really dead, what came over from it, who opens."""

from __future__ import annotations

from saitotui.clients.quoting import sql
from saitotui.facts import haproxy, mysql_replica
from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.runbooks.database import checks, steps
from saitotui.runbooks.database.dialect import DRAIN
from saitotui.runbooks.database.pair import Handover, Server
from saitotui.runbooks.judging import reading

REST = 3600.0
"""Seconds between two promotions (Orchestrator's default; MHA's is eight hours)."""
SILENT = (FailureKind.REFUSED, FailureKind.UNREACHABLE, FailureKind.TIMEOUT)


def silent(server: str) -> Check:
    """Whether a server gives no answer at all; one that turns us away lives."""

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure):
            return Verdict(answer.kind in SILENT, answer.sentence)
        return Verdict(False, "it answers")

    return Check(f"{server} does not answer", checks.ask_sql(server, "SELECT 1", "alive"), judge)


def lost(new: str, old: str) -> Check:
    """Whether the replica itself has lost its master: a vantage point that is not ours."""

    def judge(answer: Answer) -> Verdict:
        channels = mysql_replica.channels(answer)
        if len(channels) != 1:
            return Verdict(None, f"{len(channels)} replication channels")
        (one,) = channels
        return Verdict(not one.io_runs, f"IO {one.io} {one.io_error}".strip())

    return Check(f"{new} has lost {old}", _channels(new), reading(judge))


def applies(new: str, *, stopped: bool = False) -> Check:
    """Whether what was received is being applied: an error there would end in a half-empty master. `stopped`:
    it may be stopped, without an error, and is started first."""

    def judge(answer: Answer) -> Verdict:
        channels = mysql_replica.channels(answer)
        if len(channels) != 1:
            return Verdict(None, f"{len(channels)} replication channels")
        (one,) = channels
        well = one.sql_runs or (stopped and not one.sql_errno)
        return Verdict(well and not one.delay, f"SQL {one.sql} {one.sql_error}".strip())

    word = "nothing keeps {} from applying" if stopped else "{} applies"
    return Check(f"{word.format(new)} what it received", _channels(new), reading(judge))


def down(handover: Handover, node: str) -> Check:
    """Whether an HAProxy node found the old master down by its own checks, or it is out there."""
    backend, name = handover.database.write_backend, handover.old.line_names[node]

    def judge(answer: Answer) -> Verdict:
        found = [line for line in haproxy.stat(answer) if (line.proxy, line.name) == (backend, name)]
        if not found:
            return Verdict(None, f"no {backend}/{name}")
        said = f"{found[0].note} {found[0].check}".strip()
        return Verdict(found[0].status in ("DOWN", "MAINT"), said)

    command = Command(Client.HAPROXY, node, haproxy.SHOW_STAT)
    return Check(f"{node} finds {handover.old.name} down", command, reading(judge))


def rested(handover: Handover, node: str) -> Check:
    """Whether the last change of master, as an HAProxy node saw it, is not of late."""
    backend, name = handover.database.write_backend, handover.new.line_names[node]

    def judge(answer: Answer) -> Verdict:
        found = [line for line in haproxy.stat(answer) if (line.proxy, line.name) == (backend, name)]
        if not found or found[0].since is None:
            return Verdict(None, f"{node} does not say since when {backend}/{name} is as it is")
        return Verdict(found[0].since >= REST, f"{found[0].note} for {found[0].since / 60:.0f} min")

    command = Command(Client.HAPROXY, node, haproxy.SHOW_STAT)
    sentence = f"{node} has kept {handover.new.name} out for an hour"
    return Check(sentence, command, reading(judge))


def loss(new: Server, old: str, *, semi_sync: bool) -> Check:
    """Never known for certain: what the dead one committed last, only its own disk says. It is accepted by
    typing, with what is known."""

    def judge(answer: Answer) -> Verdict:
        channels = mysql_replica.channels(answer)
        if len(channels) != 1:
            return Verdict(None, f"{len(channels)} replication channels: nobody can tell what it received")
        said = f"received up to {channels[0].retrieved or 'nothing that it names'}"
        if semi_sync:
            said += "; commits were to wait for it: what was acknowledged is here unless that had lapsed"
        else:
            said += "; commits did not wait for it: what was acknowledged in the last moments may be lost"
        return Verdict(None, said)

    return Check(f"{new.name} has everything that {old} acknowledged", _channels(new.name), reading(judge))


def drain(new: Server) -> tuple[Step, Step]:
    """Reads what was received, and waits until it is applied; the server itself gives up after `DRAIN`
    seconds."""

    def received(answer: Answer) -> str:
        return sql(mysql_replica.channels(answer)[0].retrieved)

    def reached(answer: Answer | Failure) -> str:
        if isinstance(answer, Failure):
            return answer.sentence
        waited = next(iter(answer.rows[0].values()), None)
        return "" if str(waited) == "0" else f"{new.name} did not apply its relay log within {DRAIN} s"

    return (
        Step(
            f"read what {new.name} received",
            (Act(_channels(new.name), capture=Capture("received", received)),),
            expected=0.05,
        ),
        Step(
            f"{new.name} applies everything that it received",
            (Act(steps.act(new, new.dialect.drained, Danger.READ).command, accept=reached),),
            deadline=DRAIN + 5.0,
            expected=1.0,
        ),
    )


def resume_applying(new: Server) -> Step:
    """Starts the thread that applies, which a promotion that was given up has stopped; not the one that
    fetches, which would throw away what was received (MariaDB: "Global Transaction ID", "CHANGE MASTER")."""
    start = new.dialect.stop[0].replace("STOP", "START") + " SQL_THREAD"
    return Step(
        f"{new.name} goes on to apply what it received",
        (steps.act(new, start),),
        goal=applies(new.name),
        no_undo=steps.FORWARD,
        expected=0.1,
    )


def open_last(new: Server, *requires: Check) -> Step:
    """Opens the new master, if what keeps the old one away still holds."""
    return Step(
        f"open {new.name} for writes",
        (steps.act(new, new.dialect.open),),
        goal=checks.writable(new.name, True),
        requires=requires,
        no_undo=steps.FORWARD,
        expected=0.1,
    )


def _channels(server: str) -> Command:
    return checks.ask_sql(server, mysql_replica.SHOW_REPLICA, "replica")
