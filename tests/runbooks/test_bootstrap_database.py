"""bootstrap-database on simulated hosts: fresh ones become a pair; what stands or holds data stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal, lines
from saitotui.simulator.database_build import OPTIONS
from saitotui.simulator.haproxy_state import CONFIG
from saitotui.simulator.simulation import Simulation

ID = "bootstrap-database"


def fresh(simulation: Simulation) -> None:
    simulation.inject("db-fresh", "database")


def stands(simulation: Simulation) -> bool:
    """Whether db1 takes writes, db2 follows it, and both balancers lead to db1."""
    db1, db2 = (simulation.database.servers[name] for name in ("db1", "db2"))
    follows = db2.replication is not None and db2.replication.source == "db1"
    led = {simulation.haproxy.route(name) for name in ("lb1", "lb2")}
    return follows and not db1.read_only and db2.read_only and led == {"db1"} and "app" in db2.schemas


async def test_fresh_hosts_become_a_pair(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        plan = await made(simulation, ID)
        assert bad(await asked(simulation, plan)) == {
            f"amber: {CONFIG} on {name} is not there yet, or as the profile wants it"
            for name in ("lb1", "lb2")
        }
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert stands(simulation)
        told = " ".join(event.sentence + str(event.data) for event in run.events) + "\n".join(lines(plan))
        for password in filter(None, simulation.passwords.values()):
            assert password not in told
        again = await made(simulation, ID)
        assert bad(await asked(simulation, again)) == set()
        result = await Carried(tmp_path / "again").run(simulation, again)
        assert result.outcome is Outcome.ALREADY, result.sentence


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
@pytest.mark.parametrize(
    "act",
    [
        "( mkdir -p /etc/haproxy || exit 1; f=/etc/haproxy/haproxy.cfg",
        "systemctl -q enable mariadb && systemctl restart mariadb",
        "mariadb --batch --skip-column-names",
        "SET GLOBAL rpl_semi_sync_master_enabled = ON",
        "SET GLOBAL read_only = 0",
        "systemctl -q enable haproxy && systemctl reload-or-restart haproxy",
    ],
)
async def test_whatever_fails_the_next_run_ends_it(tmp_path: Path, act: str, fate: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID), act, fate)
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER
        again = await Carried(tmp_path / "again").run(simulation, await made(simulation, ID))
        assert again.outcome in (Outcome.DONE, Outcome.ALREADY), again.sentence
        assert stands(simulation)


async def test_what_stands_stays(tmp_path: Path) -> None:
    """A pair that somebody made by hand: only its files are replaced, once that is accepted."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        plan = await made(simulation, ID)
        found = await asked(simulation, plan)
        assert not [line for line in bad(found) if line.startswith("red")]
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert not [said for _, said in simulation.world.log if "mariadb on" in said]
        assert stands(simulation)
        assert "bind-address = 10.0.0.42" in str(simulation.world.machines["db2"].files[OPTIONS])


async def test_a_master_that_was_swapped_stays_master(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        result = await Carried(tmp_path).run(simulation, await made(simulation, "swap-db-master"))
        assert result.outcome is Outcome.DONE, result.sentence
        plan = await made(simulation, ID)
        assert "db1 follows db2" in plan.summary
        result = await Carried(tmp_path / "again").run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert simulation.haproxy.route("lb1") == simulation.haproxy.route("lb2") == "db2"


async def test_a_server_that_holds_something_is_not_taken(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        simulation.database.servers["db2"].schemas.add("shop")
        found = await asked(simulation, await made(simulation, ID))
        line = found["db2 holds nothing, or is a member already"]
        assert line.word == "red"
        assert line.verdict.measured == "it holds schema shop, and logs nothing"


async def test_a_master_with_data_that_is_closed_is_not_opened(tmp_path: Path) -> None:
    """After a reboot both are read-only: open-db-master is for that, and knows what to ask first."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("read-only", "db1")
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID))
        assert result.outcome is not Outcome.DONE
        assert "db1 holds nothing" in result.sentence
        assert simulation.database.servers["db1"].read_only


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        simulation.inject("disk-full", "db2")
        assert "red: db2 has room in /var/lib/mysql" in bad(
            await asked(simulation, await made(simulation, ID))
        )


async def test_another_password_is_told_and_kept(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.database.servers["db2"].users["repl"] = "somebody's own"
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID))
        assert result.outcome is not Outcome.DONE
        assert "repl@10.0.0.% has another password" in result.sentence
        assert simulation.database.servers["db2"].users["repl"] == "somebody's own"


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("", {"build": None}, "give `database.build`"),
        ("", {"replication_user": ""}, "give `database.replication_user`"),
        ("", {"replication_ca": "/etc/mysql/ca.pem"}, "give `database.build.certificate` and `key`"),
        ("", {"haproxy": {}}, "give `database.haproxy`"),
        ("build", {"password": ""}, "give `database.build.password`"),
    ],
)
async def test_what_the_profile_lacks_is_said(
    tmp_path: Path, section: str, change: dict[str, object], words: str
) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        database = profile["database"]
        (database[section] if section else database).update(change)
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        refusal = await planned(simulation, ID)
        assert isinstance(refusal, Refusal)
        assert words in "; ".join(refusal.reasons)
