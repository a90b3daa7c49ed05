"""bootstrap-storage on the simulated pair, which stands: files are shown before they are replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made, serving

from saitotui.model.plan import Outcome, Refusal, lines
from saitotui.model.text import COVERED
from saitotui.simulator.simulation import Simulation

ID = "bootstrap-storage"
CF = "/etc/ha.d/ha.cf"


def differ(*names: str) -> set[str]:
    return {f"amber: {name} is not there yet, or as the profile wants it" for name in names}


def made_by_hand(simulation: Simulation) -> None:
    for name in ("st1", "st2"):
        simulation.world.machines[name].files[CF] = "deadtime 60\nauto_failback on\n"


async def test_what_stands_stays_and_files_are_shown_first(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        made_by_hand(simulation)
        secret = (tmp_path / "sim" / "secrets" / "storage").read_text("utf-8")
        plan = await made(simulation, ID)
        found = await asked(simulation, plan)
        assert differ(f"{CF} on st1", f"{CF} on st2") <= bad(found)
        assert not [line for line in bad(found) if line.startswith("red")]
        said = found[f"{CF} on st1 is not there yet, or as the profile wants it"].verdict.measured
        assert said.startswith("-deadtime 60; -auto_failback on; +# Written by saitotui")
        before = serving(simulation)
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert serving(simulation) == before
        files = simulation.world.machines["st1"].files
        assert files[f"{CF}.before"] == "deadtime 60\nauto_failback on\n"
        assert secret in str(files["/etc/ha.d/authkeys"])
        told = " ".join(event.sentence + str(event.data) for event in run.events) + "\n".join(lines(plan))
        assert secret not in told
        again = await made(simulation, ID)
        assert bad(await asked(simulation, again)) == set()
        result = await Carried(tmp_path / "again").run(simulation, again)
        assert result.outcome is Outcome.ALREADY, result.sentence


async def test_given_up_the_old_files_are_back(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        made_by_hand(simulation)
        text = "( mkdir -p /etc/ha.d || exit 1; f=/etc/ha.d/haresources"
        result = await Carried(tmp_path).run(simulation, await made(simulation, ID), text, REFUSED)
        assert result.outcome is Outcome.UNDONE, result.sentence
        for name in ("st1", "st2"):
            assert simulation.world.machines[name].files[CF] == "deadtime 60\nauto_failback on\n"
        assert "/etc/exports.d/saitotui.exports" not in simulation.world.machines["st1"].files


async def test_a_changed_secret_line_is_covered_too(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.world.machines["st2"].files["/etc/ha.d/authkeys"] = "auth 1\n1 sha1 topsecret\n# more\n"
        found = await asked(simulation, await made(simulation, ID))
        line = "/etc/ha.d/authkeys on st2 is not there yet, or as the profile wants it"
        said = found[line].verdict.measured
        assert said == "-# more"
        assert "topsecret" not in said + COVERED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"build": None}, "give `storage.build`"),
        ({"manager": "pacemaker"}, "only pairs under heartbeat"),
        ({"floating_ip": ""}, "no `storage.floating_ip`"),
        ({"secret": ""}, "give `storage.build.secret`"),
    ],
)
async def test_what_the_profile_lacks_is_said(tmp_path: Path, change: dict[str, object], words: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        if "secret" in change:
            profile["storage"]["build"] |= change
        else:
            profile["storage"] |= change
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        refusal = await planned(simulation, ID)
        assert isinstance(refusal, Refusal)
        assert words in "; ".join(refusal.reasons)


async def test_a_path_that_loses_large_packets_is_found_first(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("small-frames", "st2")
        found = await asked(simulation, await made(simulation, ID))
        line = found["st1 reaches st2 over every link, in whole frames"]
        assert line.word == "red"
        assert "link 0 loses 100%, link 1 loses 100% of whole frames of 1500" in line.verdict.measured
        assert "its MTU" in line.verdict.measured
