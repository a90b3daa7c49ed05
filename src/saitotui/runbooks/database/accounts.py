"""The accounts of a database pair to be: who they are, how they are made, and whether they are as wanted.

Made by root on each server, outside the binary log: neither server then has a transaction that the other
lacks. MariaDB Knowledge Base: "GRANT", "CREATE USER", "Information Schema USER_PRIVILEGES Table".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saitotui.clients.quoting import sql, sql_name, sql_text
from saitotui.model.command import Answer
from saitotui.model.plan import Verdict
from saitotui.model.profile import Database
from saitotui.model.profile_build import DatabaseBuild

CONSOLE = (
    "PROCESS", "RELOAD", "SUPER", "READ_ONLY ADMIN", "REPLICATION SLAVE ADMIN", "REPLICATION MASTER ADMIN",
    "BINLOG MONITOR", "BINLOG ADMIN", "CONNECTION ADMIN", "SLAVE MONITOR", "EVENT",
)  # fmt: skip
CLONE = ("SELECT", "RELOAD", "SHOW VIEW", "EVENT", "TRIGGER", "LOCK TABLES", "BINLOG MONITOR")
APPLICATION = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "INDEX", "ALTER", "REFERENCES",
    "CREATE TEMPORARY TABLES", "LOCK TABLES", "CREATE VIEW", "SHOW VIEW", "EXECUTE",
)  # fmt: skip
"""Nothing that reaches beyond the schema: what `read_only` does not stop would write on a replica."""


@dataclass(frozen=True, slots=True)
class Account:
    """`places` are where it may log in from; `secret` is the name of its password, empty: it has none;
    `schema` what its rights are in, empty: everything."""

    user: str
    places: tuple[str, ...]
    secret: str
    rights: tuple[str, ...]
    schema: str = ""


def accounts(database: Database, build: DatabaseBuild) -> Iterator[Account]:
    """All of them; the ones that the profile does not name are left out."""
    first = next(iter(database.servers.values()))
    there = (build.network,)
    yield Account(first.user, ("localhost", build.network), "console", CONSOLE)
    yield Account(database.replication_user, there, "replication", ("REPLICATION SLAVE",))
    yield Account(build.check_user, there, "", ("USAGE",))
    yield Account(build.user, there, "application", APPLICATION, build.schema)
    if database.clone_user:
        yield Account(database.clone_user, there, "clone", CLONE)


def creating(wanted: Sequence[Account]) -> str:
    """SQL that makes what is not there, and changes no password that is."""
    lines = ["SET sql_log_bin = 0;"]
    for one in wanted:
        scope = f"{sql_name(one.schema)}.*" if one.schema else "*.*"
        known = f" IDENTIFIED BY '{{secret:{one.secret}}}'" if one.secret else ""
        for place in one.places:
            who = f"{sql_text(one.user)}@{sql_text(place)}"
            lines.append(f"CREATE USER IF NOT EXISTS {who}{known};")
            lines.append(f"GRANT {', '.join(one.rights)} ON {scope} TO {who};")
    return "\n".join(lines) + "\n"


def asking(wanted: Sequence[Account]) -> str:
    """SQL that prints a line for each account and place: is it there, has it its password, how many of its
    rights. No password is printed, nor its hash."""
    return "".join(f"SELECT {_there(one, place)};\n" for one in wanted for place in one.places)


def _there(one: Account, place: str) -> str:
    user = f"User = {sql(one.user)} AND Host = {sql(place)}"
    password = f"PASSWORD('{{secret:{one.secret}}}')" if one.secret else "''"
    grantee = sql_text(f"'{one.user}'@'{place}'")
    table = "SCHEMA_PRIVILEGES" if one.schema else "USER_PRIVILEGES"
    schema = f" AND TABLE_SCHEMA = {sql(one.schema)}" if one.schema else ""
    rights = ", ".join(sql(right) for right in one.rights)
    return (
        f"(SELECT COUNT(*) FROM mysql.user WHERE {user}), "
        f"(SELECT COUNT(*) FROM mysql.user WHERE {user} AND Password = {password}), "
        f"(SELECT COUNT(DISTINCT PRIVILEGE_TYPE) FROM information_schema.{table} "
        f"WHERE GRANTEE = {grantee}{schema} AND PRIVILEGE_TYPE IN ({rights}))"
    )


def judging(wanted: Sequence[Account], answer: Answer) -> Verdict:
    """Reads the answer to `asking`."""
    names = [(one, place) for one in wanted for place in one.places]
    lines = [line.split() for line in answer.text.splitlines()]
    if answer.status or len(lines) != len(names) or any(len(line) != 3 for line in lines):
        return Verdict(None, answer.text.strip() or "no answer")
    wrong = [
        f"{one.user}@{place} {trouble}"
        for (one, place), line in zip(names, lines, strict=True)
        if (trouble := _trouble(one, line))
    ]
    return Verdict(not wrong, "; ".join(wrong) or "all as wanted")


def _trouble(one: Account, counts: Sequence[str]) -> str:
    there, known, rights = counts
    if there == "0":
        return "is not there"
    if known == "0":
        return "has another password"
    return "" if rights == str(len(one.rights)) or one.rights == ("USAGE",) else "lacks rights"
