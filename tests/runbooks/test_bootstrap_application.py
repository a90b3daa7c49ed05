"""bootstrap-application on simulated hosts: bare ones become a cluster behind nginx; users are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.runbooks.deployments import asked
from tests.runbooks.simulated import LOST_AFTER, REFUSED, planned
from tests.runbooks.storage_runs import Carried, bad, made

from saitotui.model.plan import Outcome, Plan, Refusal, lines
from saitotui.simulator.application_build import READS, SERVER, UPSTREAMS
from saitotui.simulator.simulation import Simulation

ID = "bootstrap-application"
TOMCATS, WEBS = ("tc1", "tc2", "tc3"), ("web1", "web2")


def fresh(simulation: Simulation) -> None:
    simulation.inject("app-fresh", "application")


def stands(simulation: Simulation) -> bool:
    """Whether every Tomcat knows the console and sees the others, and every nginx leads to them."""
    part = simulation.http.application
    tomcats, fronts = part.tomcats.tomcats, part.front.nodes
    return all(not one.bare and not one.isolated for one in tomcats.values()) and all(
        front.configured for front in fronts.values()
    )


async def test_bare_hosts_become_a_cluster(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        fresh(simulation)
        plan = await made(simulation, ID)
        assert bad(await asked(simulation, plan)) == {
            f"amber: {file} on {name} is not there yet, or as the profile wants it"
            for name in TOMCATS
            for file in READS
        }
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert stands(simulation)
        told = " ".join(event.sentence + str(event.data) for event in run.events) + "\n".join(lines(plan))
        assert simulation.http.passwords.tomcat not in told
        assert simulation.http.passwords.tomcat in str(simulation.world.machines["tc3"].files[READS[1]])
        again = await made(simulation, ID)
        assert bad(await asked(simulation, again)) == set()
        result = await Carried(tmp_path / "again").run(simulation, again)
        assert result.outcome is Outcome.ALREADY, result.sentence


@pytest.mark.parametrize("fate", [REFUSED, LOST_AFTER])
@pytest.mark.parametrize(
    "act",
    [
        "( mkdir -p /etc/tomcat10/Catalina/localhost || exit 1;",
        "( mkdir -p /etc/nginx/conf.d || exit 1;",
        "systemctl -q enable tomcat10 && systemctl restart tomcat10",
        "systemctl -q enable nginx && systemctl reload-or-restart nginx",
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


async def test_a_tomcat_that_has_users_is_not_restarted(tmp_path: Path) -> None:
    """Files that somebody wrote by hand are replaced, once accepted; they are read at the next start."""
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        before = {name: simulation.http.application.serving(name) for name in TOMCATS}
        plan = await made(simulation, ID)
        assert not [line for line in bad(await asked(simulation, plan)) if line.startswith("red")]
        run = Carried(tmp_path)
        result = await run.run(simulation, plan)
        assert result.outcome is Outcome.DONE, result.sentence
        assert {name: simulation.http.application.serving(name) for name in TOMCATS} == before
        said = " ".join(event.sentence for event in run.events)
        assert f"and reads {SERVER}" in said
        assert "at its next start: restart-tomcats" in said
        assert "server 10.0.0.61:8080" in str(simulation.world.machines["web2"].files[UPSTREAMS])


@pytest.mark.parametrize(
    ("section", "change", "words"),
    [
        ("", {"build": None}, "give `application.build`"),
        ("", {"nginx": {}}, "give `application.nginx`"),
        ("build", {"certificate": "/etc/ssl/shop.pem"}, "a certificate needs its key"),
        ("manager", {"password": ""}, "all managers need the same"),
    ],
)
async def test_what_the_profile_lacks_is_said(
    tmp_path: Path, section: str, change: dict[str, object], words: str
) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        application = profile["application"]
        places = {"": application, "build": application["build"]}
        places.get(section, application["tomcats"]["tc1"]["manager"]).update(change)
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        refusal = await planned(simulation, ID)
        assert isinstance(refusal, Refusal)
        assert words in "; ".join(refusal.reasons)


async def test_a_visitor_may_move_between_tomcats_where_the_profile_says_so(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        profile = yaml.safe_load(simulation.profile_path.read_text("utf-8"))
        profile["application"]["build"] = {"sticky": False}
        simulation.profile_path.write_text(yaml.safe_dump(profile), "utf-8")
        plan = await planned(simulation, ID)
        assert isinstance(plan, Plan)
        (text,) = {
            act.command.body
            for step in plan.steps
            for act in step.acts
            if act.command.target == "web1" and act.command.body
        }
        assert "JSESSIONID" not in text
        assert "proxy_cache" not in text
        assert "proxy_pass http://tomcats;" in text
