"""The statements of database runbooks, and what their answers mean."""

from __future__ import annotations

from saitotui.runbooks.database.dialect import MARIADB, MYSQL


def test_what_a_server_wrote_itself_after_a_position() -> None:
    """What it replicates from its successor meanwhile is not its own."""
    assert MARIADB.wrote_since("0-1-100,0-2-250", "1", "0-1-100") == ""
    assert MARIADB.wrote_since("0-1-101,0-2-250", "1", "0-1-100") == "0-1-101"
    own, other = "a" * 8 + "-1111-1111-1111-" + "a" * 12, "b" * 8 + "-1111-1111-1111-" + "b" * 12
    assert MYSQL.wrote_since(f"{own}:1-100,{other}:1-50", own, f"{own}:1-100") == ""
    assert MYSQL.wrote_since(f"{own}:1-101,\n{other}:1-50", own, f"{own}:1-100") == f"{own}:101"
