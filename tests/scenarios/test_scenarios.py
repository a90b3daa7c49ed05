"""Every scenario leads where it says: the findings it expects are there, and a healthy platform has none."""

from __future__ import annotations

import pytest
from tests.scenes import photograph

from saitotui.engine.registry import situations
from saitotui.simulator.scenario import scenario, scenarios

NAMES = [one.name for one in scenarios()]


@pytest.mark.parametrize("name", NAMES)
async def test_a_scenario_leads_where_it_says(name: str) -> None:
    wanted = scenario(name)
    picture = await photograph(name)
    found = {finding.code for finding in picture.findings}
    assert set(wanted.expect) <= found, sorted(found)
    assert not any(code.startswith("console.") for code in found)
    if wanted.only:
        assert found == set(wanted.expect)


def test_there_are_scenarios_for_every_tier_and_they_expect_what_exists() -> None:
    assert len(NAMES) >= 25
    expected = {code for one in scenarios() for code in one.expect}
    assert expected <= set(situations())
    tiers = {code.partition(".")[0] for code in expected}
    assert tiers >= {"cluster", "database", "storage", "application", "monitoring", "hardware", "hosts"}
    assert all(one.title and one.summary for one in scenarios())
