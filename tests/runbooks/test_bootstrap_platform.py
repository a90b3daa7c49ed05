"""bootstrap-platform on simulated hosts: the parts' plans in one run, which is finished by the next."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Refusal
from saitotui.simulator.simulation import Simulation

ID = "bootstrap-platform"
PARTS = {
    "hosts": "bootstrap-hosts",
    "cluster": "bootstrap-cluster",
    "storage": "bootstrap-storage",
    "database": "bootstrap-database",
    "application": "bootstrap-application",
    "monitoring": "zabbix-recovery",
}


def fresh(simulation: Simulation) -> None:
    for fault, target in (("hosts-fresh", "hosts"), ("db-fresh", "database"), ("app-fresh", "application")):
        simulation.inject(fault, target)


async def test_one_run_makes_all_parts(tmp_path: Path) -> None:
    """A node that is new to the cluster, hosts, databases and Tomcats that are not made yet."""
    async with Simulation(tmp_path / "sim", "pve-node-new", frozen=True) as simulation:
        fresh(simulation)
        plan = await made(simulation, ID)
        assert not [line for line in bad(await asked(simulation, plan)) if line.startswith("red")]
        assert list(dict.fromkeys(stage.name.partition(":")[0] for stage in plan.stages)) == list(PARTS)
        result = await Carried(tmp_path).run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        again = await made(simulation, ID)
        # The simulated Zabbix has robots of somebody else.
        left = bad(await asked(simulation, again))
        assert {line for line in left if not line.startswith("amber: no other robot of Zabbix")} == set()
        result = await Carried(tmp_path / "again").run(simulation, again)
        assert result.outcome is Outcome.ALREADY, result.sentence


async def test_it_is_what_the_parts_are(tmp_path: Path) -> None:
    """No stage more, none less; what two parts ask is asked once, and the first one's word counts."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        whole = await made(simulation, ID)
        parts = [await made(simulation, part) for part in PARTS.values()]
        assert [stage.steps for stage in whole.stages] == [
            stage.steps for one in parts for stage in one.stages
        ]
        assert set(whole.leases) == {lease for one in parts for lease in one.leases}
        asked_for = [(one.check.sentence, one.check.command) for one in whole.preflight]
        assert len(asked_for) == len(set(asked_for))
        theirs = {(p.check.sentence, p.check.command) for one in parts for p in one.preflight}
        assert set(asked_for) == theirs
        ends = [len(one.stages) for one in parts]
        last = [sum(ends[: number + 1]) - 1 for number in range(len(ends))]
        assert all(whole.stages[number].point_of_no_return for number in last)


@pytest.mark.parametrize(
    ("act", "stays"),
    [
        ("( mkdir -p /etc/mysql/mariadb.conf.d || exit 1;", "hosts"),
        ("systemctl -q enable tomcat10", "database"),
    ],
)
@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
async def test_a_part_that_stands_stays_whatever_becomes_of_a_later_one(
    tmp_path: Path, act: str, stays: str, fate: str
) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        given = {"without": "cluster,storage,monitoring"}
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID, **given), act, fate)
        assert result.outcome is not Outcome.DONE or fate == LOST_AFTER
        stood = await made(simulation, PARTS[stays])
        assert (await Carried(tmp_path / "stood").run(simulation, stood)).outcome is Outcome.ALREADY
        again = await Carried(tmp_path / "again").run(simulation, await made(simulation, ID, **given))
        assert again.outcome in (Outcome.DONE, Outcome.ALREADY), again.sentence


async def test_a_part_that_refuses_is_named(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        profile["storage"]["build"]["links"] = []
        profile["database"]["build"] = None
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        refusal = await planned(simulation, ID)
        assert isinstance(refusal, Refusal)
        assert refusal.reasons == ("bootstrap-storage: heartbeat has no link: give `storage.build.links`",)


@pytest.mark.parametrize(
    ("without", "words"),
    [("databases", "there is no part databases"), (", ".join(PARTS), "give `build` there")],
)
async def test_what_is_left_out_must_be_a_part(tmp_path: Path, without: str, words: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        refusal = await planned(simulation, ID, without=without)
        assert isinstance(refusal, Refusal)
        assert words in refusal.reasons[0]
