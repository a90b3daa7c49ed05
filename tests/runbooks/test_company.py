"""What else must be known before a swap, as servers answer it."""

from __future__ import annotations

import pytest

from saitotui.facts.mysql import Variables
from saitotui.model.command import Answer
from saitotui.model.profile import Database
from saitotui.runbooks.database import company
from saitotui.runbooks.database.dialect import MARIADB
from saitotui.runbooks.database.pair import Server


def server(name: str) -> Server:
    variables = Variables("10.11.19-MariaDB", True, (10, 11, 19), True)
    return Server(name, variables, MARIADB, "10.0.0.42", 3306, {})


@pytest.mark.parametrize(
    ("said", "status", "holds"),
    [
        ("GRANT REPLICATION SLAVE ON *.* TO `repl`@`%` IDENTIFIED BY PASSWORD '*00'\n", 0, True),
        ("GRANT RELOAD, REPLICATION SLAVE ON *.* TO `repl`@`%`\n", 0, True),
        ("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`\n", 0, True),
        ("GRANT USAGE ON *.* TO `repl`@`%`\n", 0, False),
        ("ERROR 1045 (28000): Access denied for user 'repl'@'10.0.0.41' (using password: YES)\n", 1, False),
        ("ERROR 2002 (HY000): Can't connect to server on '10.0.0.42' (115)\n", 1, False),
        ("sh: 1: mariadb: not found\n", 127, None),
        ("", 0, None),
    ],
)
def test_whether_the_old_master_could_follow(said: str, status: int, holds: bool | None) -> None:
    check = company.lets_in(server("db1"), "db1", server("db2"), Database({}, replication_user="repl"))
    verdict = check.judge(Answer(said, status))
    assert verdict.holds is holds, verdict
    assert "{secret:replication}" in check.command.body
    assert "secret" not in check.command.text


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        ((), True),
        (({"name": "read_only", "value": "ON"},), True),
        (({"name": "read_only", "value": "ON"}, {"name": "super_read_only", "value": "OFF"}), False),
    ],
)
def test_what_is_persisted(rows: tuple[dict[str, str], ...], holds: bool) -> None:
    assert company.not_persisted_open("db1").judge(Answer(rows=rows)).holds is holds
