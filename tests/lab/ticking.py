"""An event that writes each second, with the rights of an account that read_only does not stop."""

from __future__ import annotations

import time
from pathlib import Path

from tests.lab.host import wait_for
from tests.lab.pair import Pair
from tests.lab.swaps import saitotui, swap

_STATE = "SELECT status AS state FROM information_schema.events WHERE event_name = 'tick'"


def ticks(pair: Pair, name: str) -> int:
    return int(pair.databases[name].sql("SELECT COUNT(*) AS n FROM app.ticks")[0]["n"])


def states(pair: Pair) -> dict[str, str]:
    return {name: str(server.sql(_STATE)[0]["state"]) for name, server in pair.databases.items()}


def swap_with_an_event(pair: Pair, state: Path) -> None:
    """It runs on whoever is master and nowhere else, and what it writes is on both."""
    old, new = pair.master, pair.replica
    pair.databases[old].sql(
        "CREATE TABLE app.ticks (id BIGINT PRIMARY KEY AUTO_INCREMENT, at DATETIME(6), server_id INT)",
        "CREATE EVENT app.tick ON SCHEDULE EVERY 1 SECOND DO "
        "INSERT INTO app.ticks (at, server_id) VALUES (NOW(6), @@server_id)",
        "SET GLOBAL event_scheduler = ON",
    )
    try:
        wait_for("the event to run", lambda: ticks(pair, old) > 1)
        wait_for("the replica to have it", lambda: states(pair)[new].endswith("SIDE_DISABLED"))
        swap(pair, state)
        before = ticks(pair, new)
        assert states(pair)[new] == "ENABLED"
        assert states(pair)[old].endswith("SIDE_DISABLED")
        wait_for("the event to run on the new master", lambda: ticks(pair, new) > before + 1)
        time.sleep(2)
        wait_for("both to have the same", lambda: ticks(pair, old) == ticks(pair, new))
        seen = saitotui(pair, state, "status", "--json")
        assert seen.returncode == 0, seen.stdout
    finally:
        for server in pair.databases.values():
            server.sql("SET GLOBAL event_scheduler = OFF")
        pair.databases[pair.master].sql("DROP EVENT app.tick", "DROP TABLE app.ticks")
