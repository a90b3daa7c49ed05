"""The old master comes back as a replica: as it is, or built anew when it has what nobody else has."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lab.comebacks import come_back_ahead
from tests.lab.host import wait_for
from tests.lab.platform import Lab
from tests.lab.swaps import saitotui, walk

pytestmark = pytest.mark.lab


@pytest.mark.usefixtures("table")
def test_an_old_master_with_what_nobody_else_has(platform: Lab, tmp_path: Path) -> None:
    come_back_ahead(platform, tmp_path)


def test_a_replica_that_lost_its_way_follows_again(platform: Lab, tmp_path: Path) -> None:
    """Nothing is rebuilt that need not be."""
    replica = platform.databases[platform.replica]
    replica.sql("STOP SLAVE", "RESET SLAVE ALL")
    said = walk(platform, tmp_path, "rebuild-db-replica")
    assert "nothing, for it has nothing that the master lacks" in said
    assert "anew" not in said
    wait_for("it to catch up", replica.caught_up)


def test_a_replica_that_cannot_be_built_is_as_it_was(platform: Lab, tmp_path: Path) -> None:
    """The account that reads the master may not: the old data come back, and the server with them."""
    replica, master = platform.databases[platform.replica], platform.databases[platform.master]
    master.sql("SET sql_log_bin = 0", "REVOKE SELECT ON *.* FROM clone@'%'")
    try:
        planned = saitotui(platform, tmp_path, "plan", "rebuild-db-replica", "-p", "anew=yes")
        assert planned.returncode != 0, "a replica that is well is not built anew unless it is named"
        with pytest.raises(AssertionError, match="failed"):
            walk(
                platform,
                tmp_path,
                "rebuild-db-replica",
                "-p",
                "anew=yes",
                "-p",
                f"server={replica.machine.name}",
            )
        assert replica.sql("SELECT COUNT(*) AS n FROM app.orders")[0]["n"] > 0
        assert replica.sql("SELECT @@global.read_only AS closed")[0]["closed"] == 1
    finally:
        master.sql("SET sql_log_bin = 0", "GRANT SELECT ON *.* TO clone@'%'")
        platform.bring_back(replica.machine.name)
