"""The statements of database runbooks, and what their answers mean."""

from __future__ import annotations

import pytest

from saitotui.facts.mysql import Variables
from saitotui.model.command import Answer
from saitotui.runbooks.database import checks
from saitotui.runbooks.database.dialect import MARIADB, MYSQL, Dialect

A, B = (f"{letter * 8}-1111-1111-1111-{letter * 12}" for letter in "ab")


def writer(*, server_id: int = 0, uuid: str = "") -> Variables:
    return Variables("11.8.2", not uuid, (11, 8, 2), True, server_id=server_id, server_uuid=uuid)


@pytest.mark.parametrize(
    ("words", "new", "state", "known", "lacks"),
    [
        pytest.param(MARIADB, writer(server_id=2), "0-1-100,0-2-250", "0-1-100,0-2-260", False, id="MariaDB"),
        pytest.param(MARIADB, writer(server_id=2), "0-1-101,0-2-250", "0-1-100,0-2-260", True, id="it wrote"),
        pytest.param(MYSQL, writer(uuid=B), f"{A}:1-100,{B}:1-5", f"{A}:1-100,{B}:1-6", False, id="MySQL"),
        pytest.param(MYSQL, writer(uuid=B), f"{A}:1-101,{B}:1-5", f"{A}:1-100,{B}:1-6", True, id="it wrote"),
    ],
)
def test_whether_a_server_has_what_its_master_lacks(
    words: Dialect, new: Variables, state: str, known: str, lacks: bool
) -> None:
    """What it replicates from its master meanwhile is not its own."""
    judge = checks.lacks_nothing("db1", words, "db2", new).judge
    assert judge(Answer(rows=({"state": state, "known": known},))).holds is not lacks
    assert judge(Answer(rows=({"state": "nonsense", "known": known},))).holds is None
