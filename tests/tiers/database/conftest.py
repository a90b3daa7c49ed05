"""Recorded answers of real pairs (MariaDB, MySQL) and a real HAProxy, put together to snapshots."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.facts.haproxy_config import MARK
from saitotui.model.command import Answer, Failure, FailureKind, Question, Scalar
from saitotui.model.finding import Finding
from saitotui.model.profile import Database, Haproxy, Host, MysqlServer, Profile
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.database import DatabaseTier, build

EVENT = Answer(rows=({"place": "app", "event": "purge", "definer": "root@localhost", "state": "ENABLED"},))
"""One scheduled event that is enabled."""
RECORDINGS = Path(__file__).parents[2] / "recordings" / "database"
ADDRESSES = {"mariadb-10.11": 11, "mysql-8.0.46": 31, "mysql-8.4.7": 41}
AT = 1_800_000_000.0
REFUSED = Failure(FailureKind.REFUSED, "db1 (127.82.0.11:3306): connection refused: nobody listens there")
UNREACHABLE = Failure(FailureKind.UNREACHABLE, "db1 (127.82.0.11:3306): no route to it")

CONFIG = """\
global
    server-state-file /run/haproxy/state
defaults
    load-server-state-from-file global
listen mysql_write
    option mysql-check user haproxy post-41
    server db1 127.82.0.11:3306 check
    server db2 127.82.0.12:3306 check disabled
listen mysql_read
    option mysql-check user haproxy post-41
    server db1 127.82.0.11:3306 check weight 10
    server db2 127.82.0.12:3306 check weight 100
"""

Row = Mapping[str, Scalar]


def config(state: str = "", text: str = CONFIG) -> Answer:
    """What the configuration question answers: the deciding lines, then the state file."""
    return Answer(f"{text}{MARK}\n{state}")


def tsv(path: Path) -> tuple[Row, ...]:
    """Rows of `mysql -N`-like output: tab separated, a newline inside of a value written as `\\n`."""
    lines = path.read_text().splitlines()
    names = lines[0].split("\t")
    return tuple(
        dict(zip(names, (v.replace("\\n", "\n") for v in line.split("\t")), strict=True))
        for line in lines[1:]
    )


def vertical(text: str) -> tuple[Row, ...]:
    """Rows of `SHOW ... \\G` output."""
    rows: list[dict[str, Scalar]] = []
    for line in text.splitlines():
        if line.startswith("****"):
            rows.append({})
        elif rows and (found := re.match(r"^ *([A-Za-z_]+): ?(.*)$", line)):
            rows[-1][found[1]] = None if found[2] == "NULL" else found[2]
    return tuple(rows)


def boxed(text: str) -> tuple[Row, ...]:
    """Rows of a table that the client drew with lines."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return tuple(
        {name: None if value == "NULL" else value for name, value in zip(cells[0], row, strict=False)}
        for row in cells[1:]
    )


@dataclass(frozen=True)
class Platform:
    """A platform at one moment: what each question (by the end of its key) answers."""

    profile: Profile
    answers: Mapping[str, Answer | Failure]
    at: float = AT
    times: Mapping[str, float] = field(default_factory=dict)
    earlier: Mapping[str, Answer] = field(default_factory=dict)

    def answer(self, key: str, answer: Answer | Failure) -> Platform:
        """The same with another answer to `db1/variables`."""
        return replace(self, answers={**self.answers, key: answer})

    def lost(self, name: str, failure: Failure = UNREACHABLE) -> Platform:
        """The same with all questions of `name` failed."""
        return replace(
            self,
            answers={k: failure if k.startswith(f"{name}/") else a for k, a in self.answers.items()},
        )

    def rows(self, key: str) -> tuple[Row, ...]:
        answer = self.answers[key]
        assert isinstance(answer, Answer)
        return answer.rows

    def text(self, key: str) -> str:
        answer = self.answers[key]
        assert isinstance(answer, Answer)
        return answer.text

    def named(self, key: str, **values: Scalar) -> Platform:
        """The same with other values of variables or counters (None: not there)."""
        kept = [row for row in self.rows(key) if str(row["Variable_name"]) not in values]
        added = [{"Variable_name": n, "Value": v} for n, v in values.items() if v is not None]
        return self.answer(key, Answer(rows=(*kept, *added)))

    def channel(self, name: str, **columns: Scalar) -> Platform:
        """The same with other columns in the replica status of `name`."""
        rows = tuple({**row, **columns} for row in self.rows(f"{name}/replica"))
        assert rows, f"{name} replicates from nobody"
        return self.answer(f"{name}/replica", Answer(rows=rows))

    def processes(self, name: str, *rows: Row) -> Platform:
        """The same with more processes on `name`."""
        base: Row = {"Id": 900, "User": "app", "Host": "127.82.0.10:40000", "db": "app", "Command": "Query",
                     "Time": 0, "State": "", "Info": None}  # fmt: skip
        added = [{**base, "Id": 900 + n, **row} for n, row in enumerate(rows)]
        return self.answer(f"{name}/processes", Answer(rows=(*self.rows(f"{name}/processes"), *added)))

    def stat(self, node: str, proxy: str, server: str, **columns: str) -> Platform:
        """The same with other columns in a line of `show stat`."""
        reader = csv.DictReader(io.StringIO(self.text(f"{node}/stat")))
        names = list(reader.fieldnames or ())
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        for row in reader:
            if row["# pxname"] == proxy and row["svname"] == server:
                row.update(columns)
            writer.writerow(row)
        return self.answer(f"{node}/stat", Answer(out.getvalue()))

    def admin(self, node: str, backend: str, server: str, bits: int) -> Platform:
        """The same with another administrative state in `show servers state`."""
        lines = self.text(f"{node}/state").splitlines()
        for number, line in enumerate(lines):
            words = line.split()
            if words[1:2] == [backend] and words[3] == server:
                words[6] = str(bits)
                lines[number] = " ".join(words)
        return self.answer(f"{node}/state", Answer("\n".join(lines) + "\n"))

    def database(self, **changes: Any) -> Platform:
        """The same with another profile of the database."""
        assert self.profile.database is not None
        changed = replace(self.profile.database, **changes)
        return replace(self, profile=replace(self.profile, database=changed))

    @property
    def tier(self) -> DatabaseTier:
        tier = build(self.profile)
        assert isinstance(tier, DatabaseTier)
        return tier

    def reading(self, question: Question[Any], answer: Answer | Failure, at: float) -> Reading[Any]:
        raw = answer if isinstance(answer, Answer) else None
        value = question.read(answer)
        before = self.earlier.get(question.key.removeprefix("database/"))
        if isinstance(value, Failure) and before is not None:
            good_at = self.times.get("earlier", at - 60)
            return Reading(value, at, 0.01, raw, question.read(before), good_at)
        return Reading(value, at, 0.01, raw)

    @property
    def snapshot(self) -> Snapshot:
        readings, earlier = {}, {}
        for question in self.tier.questions:
            key = question.key.removeprefix("database/")
            if key in self.answers:
                at = self.times.get(key, self.at)
                readings[question.key] = self.reading(question, self.answers[key], at)
            if key in self.earlier:
                earlier[question.key] = Reading(question.read(self.earlier[key]), self.at - 2)
        return Snapshot(self.at, readings, earlier)

    @property
    def picture(self) -> TierPicture:
        return self.tier.picture(self.snapshot)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.picture.findings

    @property
    def codes(self) -> set[str]:
        return {finding.code.removeprefix("database.") for finding in self.findings}

    def find(self, code: str, subject: str = "") -> Finding:
        """The finding with this code."""
        found = [f for f in self.findings if f.code == f"database.{code}" and subject in ("", f.subject)]
        assert found, f"{code} is not among {sorted(self.codes)}"
        return found[0]


def _profile(version: str, haproxy: bool) -> Profile:
    first = ADDRESSES[version]
    hosts = {f"db{n}": Host(f"127.82.0.{first + n - 1}") for n in (1, 2)}
    hosts |= {"lb1": Host("127.82.0.10"), "lb2": Host("127.82.0.9")}
    balancers = {name: Haproxy(name, socket="/run/haproxy/admin.sock") for name in ("lb1", "lb2")}
    database = Database(
        servers={f"db{n}": MysqlServer(f"db{n}", "ctl") for n in (1, 2)},
        haproxy=balancers if haproxy else {},
        read_backend="mysql_read",
    )
    return Profile("recorded", hosts, database=database)


def _server(folder: Path, name: str) -> Mapping[str, Answer | Failure]:
    sql = ("variables", "status", "replica", "processes", "transactions", "events")
    if not (folder / f"{name}.variables.tsv").exists():
        gone: dict[str, Answer | Failure] = {f"{name}/{key}": REFUSED for key in sql}
        return {**gone, f"{name}/daemon": Answer("", status=1)}
    replica, processes = _rows(folder, name)
    rows = (
        tsv(folder / f"{name}.variables.tsv"),
        tsv(folder / f"{name}.status.tsv"),
        replica,
        processes,
        (),
        (),
    )
    found: dict[str, Answer | Failure] = {
        f"{name}/{key}": Answer(rows=answer) for key, answer in zip(sql, rows, strict=True)
    }
    return {**found, f"{name}/daemon": Answer("   4711    5000 mariadbd\n")}


def _rows(folder: Path, name: str) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Replica status and process list."""
    if (folder / f"{name}.dictcursor.json").exists():
        answers = json.loads((folder / f"{name}.dictcursor.json").read_text())
        return tuple(answers["SHOW REPLICA STATUS"]), tuple(answers["SHOW FULL PROCESSLIST"])
    replica = (folder / f"{name}.show-replica-status.txt").read_text()
    return vertical(replica), boxed((folder / f"{name}.processlist.txt").read_text())


def recorded(version: str, state: str) -> Platform:
    """A recorded state (`mariadb-10.11`, `healthy`), seen through two HAProxy nodes that answer alike."""
    folder = RECORDINGS / version / state
    answers = {**_server(folder, "db1"), **_server(folder, "db2")}
    haproxy = (folder / "haproxy.show-stat.csv").exists()
    for node in ("lb1", "lb2") if haproxy else ():
        text = (folder / "haproxy.show-servers-state.txt").read_text()
        answers[f"{node}/stat"] = Answer((folder / "haproxy.show-stat.csv").read_text())
        answers[f"{node}/state"] = Answer(text)
        answers[f"{node}/info"] = Answer((folder / "haproxy.show-info.txt").read_text())
        answers[f"{node}/config"] = config(text)
    return Platform(_profile(version, haproxy), answers)


@pytest.fixture
def record() -> Callable[[str, str], Platform]:
    return recorded


@pytest.fixture
def healthy() -> Platform:
    return recorded("mariadb-10.11", "healthy")


@pytest.fixture
def healthy_mysql() -> Platform:
    return recorded("mysql-8.4.7", "healthy")
