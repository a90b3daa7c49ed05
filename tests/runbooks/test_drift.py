"""Whether a host still has the files that the profile says, after the runbooks wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbooks.storage_runs import Carried, made

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.model.command import Answer
from saitotui.model.finding import Finding
from saitotui.model.plan import Outcome
from saitotui.simulator.application_build import UPSTREAMS
from saitotui.simulator.simulation import Simulation
from saitotui.tiers.hosts import drift
from saitotui.tiers.hosts.questions import host_id

HAPROXY = "/etc/haproxy/haproxy.cfg"


async def changed(simulation: Simulation) -> dict[str, Finding]:
    """What is found, by host."""
    profile = load_profile(simulation.profile_path)
    hub = Hub(profile)
    found: dict[str, Finding] = {}
    try:
        for host, question in drift.ask(profile, host_id).items():
            (answer,) = await hub.ask([question.command], 5.0)
            assert isinstance(answer, Answer), answer
            for finding in drift.findings(host, host_id(host), question.parse(answer)):
                found[host] = finding
    finally:
        await hub.aclose()
    return found


@pytest.mark.parametrize(
    "runbook", ["bootstrap-hosts", "bootstrap-database", "bootstrap-application", "bootstrap-storage"]
)
async def test_what_was_written_is_no_drift_and_what_is_changed_is(tmp_path: Path, runbook: str) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        assert await changed(simulation) == {}
        result = await Carried(tmp_path).run(simulation, await made(simulation, runbook))
        assert result.outcome is Outcome.DONE, result.sentence
        assert await changed(simulation) == {}


async def test_a_change_and_a_lost_file_are_told(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        for runbook in ("bootstrap-database", "bootstrap-storage"):
            await Carried(tmp_path / runbook).run(simulation, await made(simulation, runbook))
        machines = simulation.world.machines
        written = str(machines["lb2"].files[HAPROXY])
        machines["lb2"].files[HAPROXY] = written.replace("timeout check 1s", "timeout check 9s")
        del machines["st1"].files["/etc/ha.d/haresources"]
        secret = (tmp_path / "sim" / "secrets" / "storage").read_text("utf-8")
        machines["st2"].files["/etc/ha.d/authkeys"] = f"auth 1\n1 sha1 {secret}\n2 sha1 another\n"
        found = await changed(simulation)
        assert set(found) == {"lb2", "st1", "st2"}
        assert found["lb2"].sentence == f"{HAPROXY} on lb2 is not as the profile wants it"
        assert found["lb2"].evidence == (f"{HAPROXY}: - timeout check 9s; + timeout check 1s",)
        assert found["st1"].evidence == ("/etc/ha.d/haresources: it is not there",)
        assert secret not in str(found)


async def test_what_others_write_to_a_shared_file_is_no_drift(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        await Carried(tmp_path / "made").run(simulation, await made(simulation, "bootstrap-hosts"))
        machines = simulation.world.machines
        machines["db1"].files["/etc/hosts"] = f"{machines['db1'].files['/etc/hosts']}10.0.9.9\tprinter\n"
        machines["db2"].files["/etc/hosts"] = str(machines["db2"].files["/etc/hosts"]).replace("0.61", "0.99")
        assert {host: one.evidence for host, one in (await changed(simulation)).items()} == {
            "db2": ("/etc/hosts: -10.0.0.99 tc1; +10.0.0.61 tc1",)
        }


async def test_a_tomcat_that_was_taken_out_is_no_drift(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        await Carried(tmp_path / "made").run(simulation, await made(simulation, "bootstrap-application"))
        out = await made(simulation, "take-tomcat-out", node="tc2")
        result = await Carried(tmp_path / "out").run(simulation, out)
        assert result.outcome is Outcome.DONE, result.sentence
        assert " down;" in str(simulation.world.machines["web1"].files[UPSTREAMS])
        assert await changed(simulation) == {}


async def test_files_that_nobody_may_read_are_left_out(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = load_profile(simulation.profile_path)
        question = drift.ask(profile, host_id)["st1"]
        # Four of every host, and five of the storage pair.
        parts = ["\n#saitotui-file\n#saitotui-closed\n"] * 8
        marked = "\n#saitotui-file\n644 root root\n# Written by saitotui's runbook\n"
        assert list(question.parse(Answer("".join([*parts, marked])))) == ["/etc/ha.d/authkeys"]
        with pytest.raises(ValueError, match="1 files were shown, not 9"):
            question.parse(Answer(marked))
