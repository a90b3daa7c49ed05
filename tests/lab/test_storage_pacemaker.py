"""Storage runbooks on a real DRBD pair under pacemaker, with a kernel's NFS client that works meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.host import wait_for
from tests.lab.storage.pair import StoragePair, alone
from tests.lab.storage.profile import other_of
from tests.lab.storage.runs import Carried, moved_back_and_forth, nothing_lost, working

from saitotui.model.plan import Outcome, Refusal

pytestmark = pytest.mark.lab

MOVE, JOIN = "fail-over-drbd", "rejoin-drbd-node"
MOVED_RULES = "cibadmin --query --scope constraints | grep cli- || true"


@pytest.fixture(scope="module")
def running(privileged: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoragePair]:
    folder = tmp_path_factory.mktemp("pacemaker")
    with alone(folder, "pacemaker") as pair:
        yield pair


async def test_pacemaker_moves_it(pair: StoragePair, tmp_path: Path) -> None:
    """Nothing that was acknowledged is lost; no rule binds the service afterwards."""
    pauses = await moved_back_and_forth(pair, tmp_path, 1)
    assert pair.hosts[pair.active].says(MOVED_RULES) == ""
    print(f"\npacemaker: clients waited {', '.join(f'{pause:.1f}' for pause in pauses)} s")


@pytest.mark.long
async def test_what_pacemaker_cannot_fence_is_proven_off_first(pair: StoragePair, tmp_path: Path) -> None:
    """Its device does not fence: the dead node stays unclean until pacemaker is told."""
    dead, heir = pair.active, other_of(pair.active)
    pair.hosts[heir].ssh("lab-pacemaker fence")
    pair.settle()
    with working(pair) as noticed:
        await asyncio.sleep(1)
        pair.hosts[dead].power_off()
        unclean = f'crm_mon --output-as=xml | grep \'node name="{dead}".*unclean="true"\''
        wait_for(
            "pacemaker to want a fence", lambda: not pair.hosts[heir].ssh(unclean, check=False).returncode
        )
        refused = await Carried(pair, tmp_path).planned(MOVE)
        assert isinstance(refused, Refusal)
        assert f"nobody knows whether {dead} has power" in "".join(refused.reasons)
        result = await Carried(pair, tmp_path).run(MOVE, off=dead)
        assert result.outcome is Outcome.DONE, result.sentence
        await asyncio.sleep(20)
    assert pair.serving() == heir
    assert pair.hosts[heir].says(MOVED_RULES) == ""
    nothing_lost(pair, noticed)
    pair.hosts[heir].ssh("lab-pacemaker no-fence")
    pair.power_on(dead)
    pair.hosts[dead].ready()
    pair.settle()


@pytest.mark.long
@pytest.mark.parametrize(
    "why", ["crm_standby --node {name} --update on", "systemctl stop pacemaker corosync"]
)
async def test_a_node_comes_back(pair: StoragePair, tmp_path: Path, why: str) -> None:
    back = other_of(pair.active)
    pair.hosts[back].ssh(why.format(name=back))
    gone = "drbdsetup status r0 >/dev/null 2>&1"
    wait_for("DRBD there to end", lambda: bool(pair.hosts[back].ssh(gone, check=False).returncode))
    refused = await Carried(pair, tmp_path).planned(MOVE)
    assert isinstance(refused, Refusal) or why.startswith("crm_standby")
    result = await Carried(pair, tmp_path).run(JOIN)
    assert result.outcome is Outcome.DONE, result.sentence
    assert pair.well()
