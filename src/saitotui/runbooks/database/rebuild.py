"""Steps that bring a database server back as a replica: started closed, what only it has kept, built anew.

What happens on its host is done by `rebuild.sh`, which is put there first: a copy that takes hours goes on
when this console, or the connection to the host, is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.runbooks.database import checks, company, steps
from saitotui.runbooks.database.comeback import Comeback
from saitotui.runbooks.fencing import service_is_off
from saitotui.runbooks.judging import reading

PROGRAMS = ("flock", "setsid")
"""Programs of util-linux that `rebuild.sh` needs."""
COPY = 12 * 3600.0
"""Seconds that a copy may take."""
LOOK = 2.0
"""Seconds between two looks at how far it is."""


@cache
def script(family: str) -> str:
    """`rebuild.sh` for one family of servers."""
    parts = (files(__package__).joinpath(name) for name in (f"rebuild_{family}.sh", "rebuild.sh"))
    return "#!/bin/sh\n" + "\n".join(part.read_text("utf-8") for part in parts)


def start(back: Comeback) -> Step:
    """Starts the server so that nobody can write to it and it follows nobody, whatever its configuration
    says: systemd hands MYSQLD_OPTS to it (Debian's and the vendors' units, `ExecStart=... $MYSQLD_OPTS`)."""
    server = back.server
    unit, options = shell(server.profile.unit), shell(f"MYSQLD_OPTS={server.dialect.closed}")
    text = (
        f"systemctl unmask {unit} && systemctl set-environment {options} && systemctl start {unit}; "
        "status=$?; systemctl unset-environment MYSQLD_OPTS; exit $status"
    )
    return Step(
        f"start {server.name}, closed for writes and following nobody",
        (Act(_on(back, text, Danger.DISRUPTIVE)),),
        goal=_runs_closed(server.name),
        undo=(Act(_on(back, f"systemctl mask --now {unit}", Danger.DISRUPTIVE)),),
        undone=service_is_off(server.name, server.profile),
        deadline=300.0,
        expected=5.0,
    )


def _runs_closed(server: str) -> Check:
    """Whether it runs and is read-only; where nobody listens, it does not run."""
    closed = checks.writable(server, False)

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure) and answer.kind is FailureKind.REFUSED:
            return Verdict(False, "it does not run")
        return closed.judge(answer)

    return Check(f"{server} runs, read-only", closed.command, judge)


def compare(back: Comeback) -> tuple[Step, ...]:
    """Reads what the master has, and keeps what only the server has in a file on its host."""
    server, master = back.server, back.master

    def only(answer: Answer) -> str:
        row = answer.rows[0]
        lacking = server.dialect.lacking(str(row["state"] or ""), str(row["known"] or ""), master.variables)
        return " ".join(shell(one) for one in lacking)

    def place(answer: Answer) -> str:
        row = answer.rows[0]
        return " ".join(shell(str(row[name] or "")) for name in ("binlog", "data", "state"))

    compared = Command(Client.MYSQL, server.name, server.dialect.compared)
    body = [
        steps.read_known(master),
        Step(
            f"read what only {server.name} has",
            (
                Act(compared, capture=Capture("only", only)),
                Act(compared, capture=Capture("place", place)),
            ),
            expected=0.05,
        ),
        Step(
            f"put rebuild.sh on {server.profile.host}",
            (
                Act(
                    _on(
                        back,
                        f"{_here(back)} && cat > rebuild.new && mv -f rebuild.new rebuild.sh",
                        Danger.REVERSIBLE,
                        script(server.dialect.family),
                    )
                ),
            ),
            expected=0.1,
        ),
        Step(
            f"keep what only {server.name} has",
            (Act(_on(back, f"{_run(back)} keep {{place}} {{only}}", Danger.REVERSIBLE)),),
            goal=_is_kept(back),
            deadline=3600.0,
            expected=2.0,
        ),
    ]
    return tuple(body)


def _is_kept(back: Comeback) -> Check:
    def judge(answer: Answer) -> Verdict:
        said = answer.text.strip()
        return Verdict(said.startswith("kept:"), said or "no answer")

    command = _on(back, f"{_run(back)} kept {{place}}")
    return Check(f"what only {back.server.name} has is kept", command, reading(judge))


def build(back: Comeback, *, always: bool) -> tuple[Step, Step]:
    """Builds the server anew from the master, in the background of its host; nothing when it has nothing that
    the master lacks, unless `always`."""
    server, master = back.server, back.master
    login = server.dialect.login(
        master.address, master.port, back.database.clone_user, back.database.replication_ca
    )
    whom = f"{shell(server.profile.unit)} {shell(master.address)} {master.port}"
    begin = _on(
        back,
        f"{_run(back)} begin {{place}} {whom} {'always' if always else 'needed'} {{only}}",
        Danger.DESTRUCTIVE,
        login,
    )
    status = _on(back, f"{_run(back)} status {{place}}")
    old = f"the old data directory stands beside the new one on {server.profile.host}"
    return (
        Step(
            f"begin to build {server.name} anew from {master.name}",
            (Act(begin),),
            goal=_status(f"the copy to {server.name} has begun", status, "running:", "done"),
            no_undo=old,
            deadline=20.0,
            expected=1.0,
        ),
        Step(
            f"{server.name} gets everything from {master.name}",
            (Act(status, _not_done, pause=LOOK, pending=_pending),),
            goal=_status(f"{server.name} has nothing that {master.name} lacks", status, "done"),
            deadline=COPY,
            expected=600.0,
        ),
    )


def _pending(answer: Answer | Failure) -> str:
    """What the copy still does; a connection that is lost is made again."""
    if isinstance(answer, Failure):
        return answer.sentence
    said = answer.text.strip()
    return said if said.startswith("running:") else ""


def _not_done(answer: Answer | Failure) -> str:
    said = answer.sentence if isinstance(answer, Failure) else answer.text.strip()
    return "" if said == "done" else said


def _status(sentence: str, status: Command, *wanted: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        said = answer.text.strip()
        return Verdict(said.startswith(wanted), said or "no answer")

    return Check(sentence, status, reading(judge))


def attach(back: Comeback) -> tuple[Step, ...]:
    """The server follows the master, has caught up, and commits wait for it where the profile wants that."""
    server, master, database = back.server, back.master, back.database
    body: list[Step] = [steps.stays_frozen(server)]
    if database.semi_sync:
        body.append(steps.semi_sync(server, False))
    follow = steps.attach(database, server, master)
    body += [
        Step(
            follow.title,
            follow.acts,
            goal=follow.goal,
            requires=(checks.lacks_nothing(server.name, server.dialect, master.name, master.variables),),
            no_undo=follow.no_undo,
            deadline=follow.deadline,
            expected=1.0,
        ),
        Step(
            f"{server.name} catches up with {master.name}",
            (),
            goal=checks.follows(server.name, master.name, master.address, master.port, checks.LAG),
            deadline=3600.0,
            expected=5.0,
        ),
    ]
    if database.semi_sync:
        body.append(steps.semi_sync(master, True))
    body.append(
        Step(
            f"take rebuild.sh away from {server.profile.host}",
            (Act(_on(back, f"{_here(back)} && rm -f -- rebuild.*", Danger.REVERSIBLE)),),
            expected=0.1,
        )
    )
    return tuple(body)


def has_programs(back: Comeback) -> Check:
    """Whether its host has what a rebuild needs."""
    programs = (*PROGRAMS, *back.server.dialect.programs)

    def judge(answer: Answer) -> Verdict:
        missing = [name for name in programs if f"/{name}\n" not in answer.text]
        return Verdict(not missing, f"no {', '.join(missing)}" if missing else "all")

    text = "; ".join(f"command -v {name}" for name in programs)
    return Check(f"{back.server.profile.host} has the programs", _on(back, text), reading(judge))


def can_clone(back: Comeback) -> Iterator[Check]:
    """Whether the servers that run have the clone plug-in, where the copy is made by it."""
    if back.server.dialect.family != "mysql":
        return

    def judge(answer: Answer) -> Verdict:
        state = str(answer.rows[0]["state"]) if answer.rows else "not installed"
        return Verdict(state == "ACTIVE", state)

    text = "SELECT plugin_status AS state FROM information_schema.plugins WHERE plugin_name = 'clone'"
    for name in (back.master.name, *([] if back.server.stopped else [back.server.name])):
        yield Check(f"{name} has the clone plug-in", checks.ask_sql(name, text), reading(judge))


def starts_closed(back: Comeback) -> Check:
    """Whether the server comes up read-only: its unit passes MYSQLD_OPTS on, or its option files say so. A
    unit that is masked is read where it was installed (systemd.unit(5), "Unit File Load Path")."""
    server = back.server
    by_files = company.stays_closed(server.name, server.profile.host)
    unit = f"{server.profile.unit.removesuffix('.service')}.service"
    files = " ".join(shell(f"{folder}/systemd/system/{unit}") for folder in ("/usr/lib", "/lib"))
    command = _on(back, f"cat {files} 2>/dev/null; {by_files.command.text}")

    def judge(answer: Answer) -> Verdict:
        if "$MYSQLD_OPTS" in answer.text:
            return Verdict(True, f"{unit} passes MYSQLD_OPTS on")
        verdict = by_files.judge(answer)
        return Verdict(verdict.holds, f"{unit} does not pass MYSQLD_OPTS on; {verdict.measured}")

    return Check(f"{server.name} starts closed for writes", command, reading(judge))


def _here(back: Comeback) -> str:
    folder = shell(back.server.profile.folder)
    return f"umask 077; mkdir -p -- {folder} && cd {folder}"


def _run(back: Comeback) -> str:
    return f"sh {shell(f'{back.server.profile.folder}/rebuild.sh')}"


def _on(back: Comeback, text: str, danger: Danger = Danger.READ, body: str = "") -> Command:
    return Command(Client.SSH, back.server.profile.host, text, body, danger=danger)
