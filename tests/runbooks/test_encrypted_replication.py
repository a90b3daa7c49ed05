"""Replication that is encrypted stays so: in the statements that attach a server, and before a swap."""

from __future__ import annotations

import pytest

from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.runbooks.database import checks
from saitotui.runbooks.database.dialect import MARIADB, MYSQL, Dialect

AUTHORITY = "/etc/mysql/ca.pem"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (MARIADB, "master_ssl = 1, master_ssl_ca = '/etc/mysql/ca.pem', master_ssl_verify_server_cert = 1"),
        (MYSQL, "SOURCE_SSL = 1, SOURCE_SSL_CA = '/etc/mysql/ca.pem', SOURCE_SSL_VERIFY_SERVER_CERT = 1"),
    ],
)
def test_a_server_is_attached_over_verified_tls(words: Dialect, wanted: str) -> None:
    assert wanted in words.change_source("10.0.0.42", 3306, "repl", AUTHORITY)
    assert "ssl" not in words.change_source("10.0.0.42", 3306, "repl", "").lower()


@pytest.mark.parametrize("words", [MARIADB, MYSQL])
def test_a_copy_is_made_over_verified_tls(words: Dialect) -> None:
    login = words.login("10.0.0.42", 3306, "clone", AUTHORITY)
    assert AUTHORITY in login
    assert "{secret:clone}" in login
    assert AUTHORITY not in words.login("10.0.0.42", 3306, "clone", "")


def test_a_swap_that_would_give_encryption_up_says_so() -> None:
    judge = checks.replicates_in_the_clear("db2").judge
    row = {"Slave_IO_Running": "Yes", "Master_SSL_Allowed": "Yes"}
    assert judge(Answer(rows=(row,))).holds is False
    assert judge(Answer(rows=({**row, "Master_SSL_Allowed": "No"},))).holds is True
    assert judge(Failure(FailureKind.TIMEOUT, "db2: no answer")).holds is None
