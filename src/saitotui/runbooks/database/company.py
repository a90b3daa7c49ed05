"""Who else is there when a master changes: those past HAProxy, those whom read_only does not stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from saitotui.clients.quoting import shell, sql
from saitotui.facts.mysql_processes import SHOW_PROCESSES, processes
from saitotui.model.command import Answer, Client, Command
from saitotui.model.plan import Check, Verdict
from saitotui.model.profile import Database
from saitotui.model.text import one_line
from saitotui.runbooks.database.checks import ask_sql
from saitotui.runbooks.database.pair import Server
from saitotui.runbooks.judging import reading
from saitotui.tiers.database.judge_use import bypassing
from saitotui.tiers.database.servers import ServerView
from saitotui.tiers.database.view import View

PRIVILEGES = ("SUPER", "READ ONLY ADMIN", "READ_ONLY ADMIN", "CONNECTION_ADMIN")
"""With one of these an account writes to a read-only server (MariaDB: SUPER, READ ONLY ADMIN; MySQL, under
read_only without super_read_only: SUPER, CONNECTION_ADMIN)."""
REPLICATES = ("REPLICATION SLAVE", "ALL PRIVILEGES")
WORKERS = "ps -o pid=,ppid= -C haproxy"
DEFAULTS = "my_print_defaults mysqld mariadbd mariadb server"


def nobody_bypasses(view: View, master: ServerView) -> Check:
    """Whether all clients come through HAProxy: others stay where they are, and meet a read-only server."""

    def judge(answer: Answer) -> Verdict:
        found = bypassing(view, replace(master, processes=processes(answer)))
        who = Counter(f"{one.user}@{one.address}" for one in found)
        return Verdict(not found, ", ".join(f"{name} ({n})" for name, n in who.most_common(3)) or "nobody")

    sentence = f"nobody comes to {master.name} past HAProxy"
    return Check(sentence, ask_sql(master.name, SHOW_PROCESSES), reading(judge))


def nobody_may_anyway(server: str, known: Sequence[str]) -> Check:
    """Whether no account is connected that writes to a read-only server; `known` are this console's, and the
    replicas'. Only an account that reads the schema `mysql` sees what others may."""
    ours = ", ".join(sql(name) for name in known)
    wanted = ", ".join(sql(name) for name in PRIVILEGES)
    text = (
        "SELECT p.user AS who, COUNT(DISTINCT p.id) AS connections, "
        "(SELECT COUNT(DISTINCT grantee) FROM information_schema.user_privileges) AS seen "
        "FROM information_schema.user_privileges u LEFT JOIN information_schema.processlist p "
        "ON SUBSTRING_INDEX(u.grantee, '@', 1) = CONCAT('''', p.user, '''') "
        f"AND u.privilege_type IN ({wanted}) AND p.command NOT LIKE 'Binlog Dump%' "
        f"AND p.user NOT IN ({ours}) GROUP BY p.user"
    )

    def judge(answer: Answer) -> Verdict:
        if not answer.rows or int(answer.rows[0]["seen"] or 0) < 2:
            return Verdict(None, "this console's account does not see the privileges of others")
        found = [f"{row['who']} ({row['connections']})" for row in answer.rows if row["who"]]
        return Verdict(not found, ", ".join(found) or "nobody")

    return Check(f"nobody is on {server} whom read_only does not stop", ask_sql(server, text), reading(judge))


def lets_in(old: Server, host: str, new: Server, database: Database) -> Check:
    """Whether the old master, from its host, can log in to the new one as a replica does."""
    options = old.dialect.options(database.replication_user, "replication", database.replication_ca)
    # An option file is read from a pipe; what sshd gives as standard input may be a socket, which cannot be
    # opened by name.
    text = (
        f"cat | {old.dialect.programs[0]} --defaults-extra-file=/dev/stdin --protocol=TCP "
        f"--host={shell(new.address)} --port={new.port} --connect-timeout=3 --batch --skip-column-names "
        "--execute='SHOW GRANTS' 2>&1"
    )

    def judge(answer: Answer) -> Verdict:
        if any(f"GRANT {word}" in answer.text or f", {word}" in answer.text for word in REPLICATES):
            return Verdict(True, f"{database.replication_user} may replicate")
        said = one_line(answer.text.strip().splitlines()[-1] if answer.text.strip() else "", limit=160)
        if answer.status == 127 or not said:
            return Verdict(None, said or "no answer")
        return Verdict(False, said)

    return Check(
        f"{new.name} lets {old.name} in as a replica",
        Command(Client.SSH, host, text, options),
        reading(judge),
    )


def no_old_workers(node: str, host: str) -> Check:
    """Whether only one generation of HAProxy runs: a worker that a reload left keeps its old connections, and
    no runtime command reaches it (management guide, "Stopping and restarting HAProxy")."""

    def judge(answer: Answer) -> Verdict:
        pairs = [line.split() for line in answer.text.splitlines()]
        parents = {parent for _, parent in pairs}
        workers = [pid for pid, _ in pairs if pid not in parents]
        return Verdict(len(workers) == 1, f"{len(workers)} worker{'s' * (len(workers) != 1)}")

    return Check(
        f"no old HAProxy process is left on {node}", Command(Client.SSH, host, WORKERS), reading(judge)
    )


def not_persisted_open(server: str) -> Check:
    """Whether nobody persisted that a MySQL server is writable: that wins over its option files (manual,
    "Persisted System Variables")."""
    text = (
        "SELECT variable_name AS name, variable_value AS value FROM performance_schema.persisted_variables "
        "WHERE variable_name IN ('read_only', 'super_read_only')"
    )

    def judge(answer: Answer) -> Verdict:
        said = {str(row["name"]): str(row["value"]).upper() for row in answer.rows}
        open_ = [f"{name} = {value}" for name, value in sorted(said.items()) if value in ("OFF", "0")]
        return Verdict(not open_, ", ".join(open_) or "nothing")

    return Check(f"no writable state is persisted on {server}", ask_sql(server, text), reading(judge))


def stays_closed(server: str, host: str) -> Check:
    """Whether a server comes up read-only after a reboot, as its option files have it."""

    def judge(answer: Answer) -> Verdict:
        options = [line.strip().lstrip("-").replace("_", "-").lower() for line in answer.text.splitlines()]
        said = [one for one in options if one.split("=")[0] in ("read-only", "super-read-only")]
        closed = bool(said) and said[-1].partition("=")[2] in ("", "1", "on", "true")
        return Verdict(closed, said[-1] if said else "its option files do not say read_only")

    return Check(
        f"{server} comes up read-only after a reboot", Command(Client.SSH, host, DEFAULTS), reading(judge)
    )
