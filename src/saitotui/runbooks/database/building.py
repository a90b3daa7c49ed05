"""A database pair that is yet to be: what is asked of its hosts, and the steps to a master that a replica
follows behind HAProxy. Root on the hosts asks and acts (MariaDB's unix_socket login) until the console's own
account is there. A server that holds anything is never restarted, attached or opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from saitotui.clients.quoting import shell, sql, sql_name
from saitotui.configs.database import Site, reload
from saitotui.model.command import Answer, Danger
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.model.profile import Database, Haproxy
from saitotui.model.profile_build import DatabaseBuild
from saitotui.model.text import one_line
from saitotui.runbooks.database import checks, steps
from saitotui.runbooks.database.accounts import Account, asking, creating, judging
from saitotui.runbooks.database.dialect import DEMOTES, MARIADB, Dialect
from saitotui.runbooks.hosts import asked, done, on
from saitotui.runbooks.judging import reading

PROGRAMS = ("mariadbd", "mariadb", "mariadb-dump", "mariadb-binlog", "mariadb-install-db")
PACKAGES = "apt install mariadb-server"
PID_FILE = "/run/haproxy.pid"
CLIENT = "mariadb --batch --skip-column-names"
_OWN = "'mysql', 'information_schema', 'performance_schema', 'sys'"
_EMPTY = (
    "SELECT CONCAT('schema ', schema_name) FROM information_schema.schemata "
    f"WHERE schema_name NOT IN ({_OWN}); "
    "SELECT CONCAT('transactions ', @@global.gtid_binlog_pos) FROM DUAL WHERE @@global.gtid_binlog_pos <> ''"
)


@dataclass(frozen=True, slots=True)
class Member:
    """A server to be, in the words of steps that other runbooks have, too."""

    site: Site
    unit: str

    @property
    def name(self) -> str:
        return self.site.name

    @property
    def dialect(self) -> Dialect:
        return MARIADB

    @property
    def host(self) -> str:
        return self.site.host

    def sql(self, text: str) -> str:
        """What asks as root."""
        return f"{CLIENT} --execute={shell(text)}"


def _act(host: str, text: str, danger: Danger, body: str = "") -> Act:
    return Act(on(host, text, danger, body), done)


def fresh_or_member(member: Member) -> Check:
    """Whether it holds nothing, or logs what it does as a member of a pair must."""
    text = member.sql(f"SELECT 'logs' FROM DUAL WHERE @@log_bin AND @@gtid_strict_mode; {_EMPTY}")

    def judge(answer: Answer) -> Verdict:
        lines = answer.text.splitlines()
        if answer.status:
            return Verdict(None, one_line(answer.text, limit=160))
        if "logs" in lines:
            return Verdict(True, "it logs its transactions: a member")
        return Verdict(
            not lines, f"it holds {', '.join(lines)}, and logs nothing" if lines else "it is empty"
        )

    return asked(member.host, f"{member.name} holds nothing, or is a member already", text, judge, 8.0)


def release(member: Member) -> Check:
    def judge(answer: Answer) -> Verdict:
        said = one_line(answer.text, limit=120)
        number = said.partition(" Ver ")[2].partition("-")[0]
        parts = tuple(int(part) for part in number.split(".") if part.isdigit())
        if "MariaDB" not in said or not parts:
            return Verdict(False, f"no MariaDB: {said}")
        return Verdict(parts >= DEMOTES, number)

    oldest = ".".join(map(str, DEMOTES[:2]))
    return asked(member.host, f"{member.name} is MariaDB {oldest} or newer", "mariadbd --version", judge)


def has_certificate(member: Member, files: Sequence[str]) -> Check:
    text = "; ".join(f"runuser -u mysql -- test -r {shell(file)} || echo {shell(file)}" for file in files)

    def judge(answer: Answer) -> Verdict:
        lacking = answer.text.split("\n")[:-1]
        return Verdict(not lacking, f"not {', '.join(lacking)}" if lacking else "readable by mysql")

    return asked(member.host, f"{member.name} has its certificate and key", f"{text}; true", judge)


def _is_empty(member: Member) -> Check:
    def judge(answer: Answer) -> Verdict:
        if answer.status:
            return Verdict(None, one_line(answer.text, limit=160))
        lines = answer.text.splitlines()
        return Verdict(not lines, f"it holds {', '.join(lines)}" if lines else "nothing")

    return asked(member.host, f"{member.name} holds nothing", member.sql(_EMPTY), judge, 8.0)


def runs(member: Member) -> Step:
    """It runs as its file says; one that holds something is not restarted here."""
    site = member.site
    wanted = {
        "server_id": str(site.number),
        "report_host": site.address,
        "report_port": str(site.port),
        "bind_address": site.address,
        "port": str(site.port),
        "log_bin": "ON",
        "log_slave_updates": "ON",
        "gtid_strict_mode": "ON",
    }
    names = ", ".join(sql(name) for name in wanted)
    text = member.sql(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})")
    unit = shell(member.unit)
    return Step(
        f"{member.name} runs as its file says, now and after a boot",
        (_act(member.host, f"systemctl -q enable {unit} && systemctl restart {unit}", Danger.DISRUPTIVE),),
        goal=asked(member.host, f"{member.name} is set as the profile has it", text, _set(wanted), 8.0),
        requires=(_is_empty(member),),
        no_undo="nothing is in it",
        deadline=120.0,
        expected=4.0,
    )


def _set(wanted: Mapping[str, str]) -> Callable[[Answer], Verdict]:
    def judge(answer: Answer) -> Verdict:
        has = dict(line.partition("\t")[::2] for line in answer.text.splitlines())
        if answer.status:
            return Verdict(None, one_line(answer.text, limit=160))
        unlike = {name: value for name, value in wanted.items() if has.get(name) != value}
        wrong = [f"{name} is {has.get(name, '?')}, not {value}" for name, value in unlike.items()]
        return Verdict(not wrong, "; ".join(wrong) or "all of it")

    return judge


def known(member: Member, wanted: Sequence[Account]) -> Step:
    """The accounts are there. One that has another password keeps it, and ends the run."""
    goal = Check(
        f"the accounts on {member.name} are as the profile has them",
        on(member.host, CLIENT, Danger.READ, asking(wanted)),
        reading(partial(judging, wanted)),
        8.0,
    )
    return Step(
        f"{member.name} has the accounts",
        (_act(member.host, CLIENT, Danger.REVERSIBLE, creating(wanted)),),
        goal=goal,
        no_undo="accounts that nobody uses; `DROP USER` takes them away",
        deadline=20.0,
    )


def attached(database: Database, replica: Member, master: Member) -> Step:
    """The replica, which is empty, follows the master from its first transaction."""
    site = master.site
    source = MARIADB.change_source(
        site.address, site.port, database.replication_user, database.replication_ca
    )
    text = f"STOP SLAVE;\n{source};\nSTART SLAVE;\n"
    return Step(
        f"{replica.name} follows {master.name}",
        (_act(replica.host, CLIENT, Danger.DESTRUCTIVE, text),),
        goal=checks.follows(replica.name, master.name, site.address, site.port, checks.LAG),
        requires=(_is_empty(replica),),
        no_undo="nothing is in it",
        deadline=30.0,
        expected=2.0,
    )


def opened(master: Member, others: Sequence[Member]) -> Step:
    """The master, which is empty, takes writes, once every other server follows it and is closed."""
    followed = tuple(
        checks.follows(one.name, master.name, master.site.address, master.site.port, None) for one in others
    )
    return Step(
        f"{master.name} takes writes",
        (steps.act(master, MARIADB.open),),
        goal=checks.writable(master.name, True),
        requires=(
            _is_empty(master),
            checks.follows_nobody(master.name),
            *followed,
            *(checks.closed(one.name) for one in others),
        ),
        undo=(steps.act(master, MARIADB.close),),
        undone=checks.writable(master.name, False),
        expected=0.1,
    )


def schema(build: DatabaseBuild, master: Member, servers: Sequence[Member]) -> Iterator[Step]:
    """The application's schema, which comes to the replica by replication."""
    text = f"CREATE DATABASE IF NOT EXISTS {sql_name(build.schema)}"
    for number, one in enumerate((master, *(other for other in servers if other is not master))):
        found = one.sql(
            f"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = {sql(build.schema)}"
        )

        def judge(answer: Answer) -> Verdict:
            there = {"0": False, "1": True}.get(answer.text.strip())
            return Verdict(there, "there" if there else one_line(answer.text, limit=120))

        yield Step(
            f"{one.name} has the schema {build.schema}",
            () if number else (_act(one.host, one.sql(text), Danger.REVERSIBLE),),
            goal=asked(one.host, f"the schema {build.schema} is on {one.name}", found, judge),
            no_undo="an empty schema",
            deadline=10.0,
        )


def balanced(name: str, node: Haproxy) -> Step:
    """HAProxy runs by the file that is there now: its master process writes its number at each start and
    reload (management guide, 3 and 4; Debian's unit)."""
    text = (
        "systemctl is-active haproxy; systemctl is-enabled haproxy; "
        f"find {PID_FILE} -newer {shell(node.config)} 2>&1"
    )

    def judge(answer: Answer) -> Verdict:
        said = answer.text.split()
        wanted = ["active", "enabled", PID_FILE]
        return Verdict(said == wanted, "it is" if said == wanted else " and ".join(said) or "no answer")

    return Step(
        f"HAProxy on {name} runs by it, now and after a boot",
        (_act(node.host, reload(), Danger.DISRUPTIVE),),
        goal=asked(node.host, f"HAProxy on {name} is enabled, and has read its file", text, judge, 8.0),
        no_undo="its file is put back by the stage before; reload it then",
        deadline=30.0,
        expected=1.0,
    )


def led(database: Database, name: str, master: Member, others: Sequence[Member]) -> Step:
    """The node sends writes to the master alone."""
    names = tuple(one.name for one in others)
    goal = checks.sends_writes_to(name, database.write_backend, master.name, names, drained=False)
    return Step(f"{name} sends writes to {master.name}", (), goal=goal, deadline=20.0, expected=2.0)


def proven(name: str, master: Member) -> Step:
    return Step(
        f"writes through {name} end at {master.name}",
        (),
        goal=checks.reaches(name, master.site.number, master.name),
        deadline=10.0,
    )
