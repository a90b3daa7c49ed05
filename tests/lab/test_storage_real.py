"""Storage runbooks on a real DRBD pair under heartbeat, with a kernel's NFS client that works meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from tests.lab.host import LONG, LabError, wait_for
from tests.lab.looking import Console
from tests.lab.storage.network import BACK, GATEWAY
from tests.lab.storage.pair import LOOK, StoragePair, alone
from tests.lab.storage.profile import NODES, other_of
from tests.lab.storage.runs import (
    BELIEF,
    Carried,
    Watcher,
    brought_home,
    forgetful,
    kept,
    mounted,
    moved_back_and_forth,
    nothing_lost,
    taken_over,
    working,
)
from tests.lab.storage.uml import UmlHost
from tests.lab.swaps import walk
from tests.storage_twin import STATES, StorageState, storage_wrong

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.model.command import Answer, Command
from saitotui.model.plan import Outcome, Refusal
from saitotui.model.profile import HttpService, Monitoring
from saitotui.model.topology import Actor
from saitotui.runbooks.recovery.hosts import Watched
from saitotui.runbooks.recovery.install import put

pytestmark = pytest.mark.lab

MOVE, JOIN = "fail-over-drbd", "rejoin-drbd-node"


@pytest.fixture(scope="module")
def running(privileged: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoragePair]:
    folder = tmp_path_factory.mktemp("storage")
    with alone(folder) as pair:
        yield pair


@pytest.fixture
def pair(running: StoragePair) -> Iterator[StoragePair]:
    """The pair for one test; one that breaks it mends it."""
    yield running
    running.mend()


def _serving(pair: StoragePair) -> str:
    name = pair.serving()
    assert name is not None
    return name


def _served_by(pair: StoragePair, name: str) -> None:
    wait_for(f"{name} to serve", lambda: pair.serving() == name, 90, every=LOOK)


def _both_active(pair: StoragePair) -> None:
    """heartbeat takes over where it hears nothing of the other; it loses a takeover now and then: then
    somebody does it by hand."""

    def primary(name: str) -> bool:
        return pair.state(name).startswith("Primary")

    with suppress(LabError):
        wait_for("both to be Primary", lambda: all(primary(name) for name in NODES), every=LOOK)
    for name in NODES:
        if not primary(name):
            pair.hosts[name].ssh("drbdadm primary r0 && mount /dev/drbd0 /srv/nfs")


def _write_alone(pair: StoragePair, name: str) -> None:
    """Somebody writes on one side of a split brain, once it has mounted the file system there."""
    text = f"grep -q ' /srv/nfs ' /proc/mounts && echo {name} > /srv/nfs/data/only-{name} && sync -f /srv/nfs"
    wait_for("the mount", lambda: not pair.hosts[name].ssh(text, check=False).returncode, every=LOOK)


def _listed(folder: Path, victim: str) -> str:
    (file,) = folder.glob(f"changes-{victim}-*")
    return file.read_text("utf-8")


def _log_in(host: UmlHost) -> None:
    """As a person does, with a terminal."""
    line = host.command("exit")
    line.insert(line.index("ssh") + 1, "-tt")
    subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=LONG)


def _gives(command: Command) -> bool:
    return "hand_over.sh give" in command.text


async def test_moved_back_and_forth_nothing_is_lost(pair: StoragePair, tmp_path: Path) -> None:
    """A client writes ten lines a second: none that was acknowledged is missing, no handle is stale."""
    pauses = await moved_back_and_forth(pair, tmp_path, 4)
    print(f"\nfail-over-drbd: clients waited {statistics.median(pauses):.1f} s, {max(pauses):.1f} s at most")


def test_as_an_engineer_does_it(pair: StoragePair, tmp_path: Path) -> None:
    """By plan, digest and run; the journal can be trusted."""
    old = _serving(pair)
    said = walk(pair, tmp_path, MOVE)
    assert "reads its mark under the same inode" in said
    assert pair.serving() == other_of(old)


async def test_an_active_node_without_power_is_replaced_by_heartbeat(
    pair: StoragePair, tmp_path: Path
) -> None:
    """heartbeat takes over; what is acknowledged is there; the node comes back by the runbook."""
    dead = _serving(pair)
    with working(pair) as noticed:
        await asyncio.sleep(2)
        pair.hosts[dead].power_off()
        by = await taken_over(pair, tmp_path, dead)
        await asyncio.sleep(20)
    nothing_lost(pair, noticed)
    print(f"\npower cut: {by} took over, the client waited {noticed.pauses[0]:.1f} s")
    pair.power_on(dead)
    pair.hosts[dead].ready()
    await brought_home(pair, tmp_path)
    pair.settle()


@pytest.mark.parametrize("why", ["heartbeat is stopped", "heartbeat loses it"])
async def test_a_dead_node_is_replaced_where_nobody_takes_over(
    pair: StoragePair, tmp_path: Path, why: str
) -> None:
    """Nobody is promoted before it is proven that it has no power; heartbeat knows of it afterwards. Where it
    is stopped it does not start with the dead node either: that would hear nobody, and take everything."""
    dead, heir = _serving(pair), other_of(_serving(pair))
    loses = why == "heartbeat loses it"
    with forgetful(pair.hosts[heir]) if loses else nullcontext(), working(pair) as noticed:
        if not loses:
            pair.hosts[dead].ssh("systemctl -q disable heartbeat && sync")
            pair.hosts[heir].ssh("systemctl stop heartbeat")
        await asyncio.sleep(1)
        pair.hosts[dead].power_off()
        if loses:
            wait_for("heartbeat to begin", lambda: pair.hosts[heir].says(BELIEF) == "transition")
        refused = await Carried(pair, tmp_path).planned(MOVE)
        assert isinstance(refused, Refusal)
        assert f"nobody knows whether {dead} has power" in "".join(refused.reasons)
        result = await Carried(pair, tmp_path).run(MOVE, off=dead)
        assert result.outcome is Outcome.DONE, result.sentence
        await asyncio.sleep(20)
    nothing_lost(pair, noticed)
    pair.power_on(dead)
    pair.hosts[dead].ready()
    if not loses:
        back = await Carried(pair, tmp_path).run(JOIN)
        assert back.outcome is Outcome.DONE, back.sentence
    pair.settle()


@pytest.mark.parametrize("who", ["the taker", "the giver"])
async def test_power_is_cut_in_the_middle_of_a_move(pair: StoragePair, tmp_path: Path, who: str) -> None:
    """It ends named; never two are Primary; what was acknowledged is on the survivor."""
    old = _serving(pair)
    victim = other_of(old) if who == "the taker" else old
    run = Carried(pair, tmp_path)
    with Watcher(pair) as watcher, working(pair) as noticed:
        await asyncio.sleep(1)
        result = await run.run(MOVE, _gives, pair.hosts[victim].power_off)
        assert result.outcome is not Outcome.DONE
        await taken_over(pair, tmp_path, victim, 30)
        await asyncio.sleep(20)
    assert watcher.both == []
    nothing_lost(pair, noticed)
    pair.power_on(victim)
    pair.hosts[victim].ready()
    await brought_home(pair, tmp_path)


async def test_a_console_that_dies_in_the_middle_leaves_no_outage(pair: StoragePair, tmp_path: Path) -> None:
    """The nodes hand over by themselves: nothing but the bookkeeping is left to the next run."""
    old = _serving(pair)

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    def after(command: Command) -> bool:
        return "hand_over.sh tickle" in command.text

    with working(pair) as noticed:
        with pytest.raises(Killed):
            await Carried(pair, tmp_path).run(MOVE, after, die)
        _served_by(pair, other_of(old))
        await asyncio.sleep(15)
    nothing_lost(pair, noticed)
    back = await Carried(pair, tmp_path).run(MOVE)
    assert back.outcome is Outcome.DONE, back.sentence


async def test_a_split_brain_is_settled(pair: StoragePair, tmp_path: Path) -> None:
    """Both networks are cut: both become active and are written to. What the loser wrote is kept. The loser's
    heartbeat has lost the end of its takeover, as happens now and then, and would not stop by itself."""
    survivor, victim = _serving(pair), other_of(_serving(pair))
    with forgetful(pair.hosts[victim], starts=True):
        pair.part()
        _both_active(pair)
        for name in NODES:
            _write_alone(pair, name)
    pair.heal()

    def split() -> bool:
        return all("StandAlone" in pair.state(name) for name in NODES)

    wait_for("DRBD to give up", split, 60, every=LOOK)
    looked = Carried(pair, tmp_path)
    first = await looked.run("resolve-split-brain")
    assert first.outcome is Outcome.DONE, first.sentence
    assert f" f data/only-{victim}\n" in _listed(tmp_path, victim)
    assert split()
    settled = await Carried(pair, tmp_path).run("resolve-split-brain", victim=victim)
    assert settled.outcome is Outcome.DONE, settled.sentence
    assert pair.serving() == survivor
    there = pair.hosts[survivor].says("ls /srv/nfs/data")
    assert f"only-{survivor}" in there
    assert f"only-{victim}" not in there
    for name in NODES:
        pair.hosts[name].ssh("lvremove -q -y $(lvs --noheadings -o lv_path | grep split)")


async def test_a_resync_that_is_cut_off_goes_on(pair: StoragePair, tmp_path: Path) -> None:
    """The node that was down gets what it lacks; the cable is pulled in the middle."""
    active, back = _serving(pair), other_of(_serving(pair))
    pair.hosts[back].ssh("systemctl stop heartbeat; drbdadm down r0")
    pair.hosts[active].ssh("dd if=/dev/urandom of=/srv/nfs/data/big bs=1k count=12000 conv=fsync")
    run = Carried(pair, tmp_path)

    def cut() -> None:
        pair.cut(BACK)
        time.sleep(8)
        pair.join(BACK)

    def copies(command: Command) -> bool:
        return run.told("% done") and "drbdsetup status" in command.text

    result = await run.run(JOIN, copies, cut, rate="1M")
    assert result.outcome is Outcome.DONE, result.sentence
    assert run.told("left, about")
    pair.hosts[active].ssh("rm /srv/nfs/data/big")


async def test_what_differs_is_found_and_repaired(pair: StoragePair, tmp_path: Path) -> None:
    """Blocks are changed behind DRBD's back; then the whole disk is replaced by an empty one."""
    standby = pair.hosts[other_of(_serving(pair))]
    rot = "dd if=/dev/urandom of=/dev/vg0/r0 bs=4k seek=9000 count=3 conv=notrunc 2>/dev/null"
    standby.ssh(f"drbdadm detach r0 && {rot} && sync && drbdadm attach r0")
    wait_for("the pair to be well", pair.well, every=LOOK)
    found = await Carried(pair, tmp_path).run("verify-drbd")
    assert found.outcome is Outcome.FAILED
    assert "12 KiB differ" in found.sentence
    repaired = await Carried(pair, tmp_path).run("verify-drbd", repair=standby.name)
    assert repaired.outcome is Outcome.DONE, repaired.sentence
    again = await Carried(pair, tmp_path).run("verify-drbd")
    assert again.outcome is Outcome.DONE, again.sentence
    standby.ssh("drbdadm detach r0; dd if=/dev/zero of=/dev/vg0/r0 bs=1M 2>/dev/null; true")
    new = await Carried(pair, tmp_path).run(JOIN, new_disk="yes")
    assert new.outcome is Outcome.DONE, new.sentence


async def test_the_volume_grows_under_its_users(pair: StoragePair, tmp_path: Path) -> None:
    room = "df -P -k /srv/nfs | tail -n 1 | awk '{print $2}'"
    before = int(pair.hosts[_serving(pair)].says(room))
    with working(pair) as noticed:
        result = await Carried(pair, tmp_path).run("grow-drbd-volume", to="96M")
    assert result.outcome is Outcome.DONE, result.sentence
    assert int(pair.hosts[_serving(pair)].says(room)) > before + 24 * 1024
    nothing_lost(pair, noticed)


async def test_what_is_not_safe_is_refused(pair: StoragePair, tmp_path: Path) -> None:
    """Nothing is moved: the link is dead, the configuration differs, the standby has no nfsd."""
    run = Carried(pair, tmp_path)
    old, new = (pair.hosts[name] for name in (_serving(pair), other_of(_serving(pair))))
    pair.cut(BACK)
    wait_for("DRBD to notice", lambda: "Connected" not in pair.state(old.name), 60, every=LOOK)
    with pytest.raises(AssertionError, match="in sync"):
        await run.run(MOVE)
    pair.join(BACK)
    pair.settle()
    for break_it, mend_it, words in (
        ("echo '# x' >> /etc/exports", "sed -i '$d' /etc/exports", "configured like"),
        ("mv /usr/sbin/rpc.nfsd /root/", "mv /root/rpc.nfsd /usr/sbin/", "lacks rpc.nfsd"),
    ):
        new.ssh(break_it)
        with pytest.raises(AssertionError, match=words):
            await run.run(MOVE)
        new.ssh(mend_it)
    assert kept(pair) is not None
    assert pair.serving() == old.name


async def test_who_logs_in_is_in_the_log(pair: StoragePair) -> None:
    """What the console itself asks is no login."""
    host = pair.hosts[NODES[0]]
    _log_in(host)
    console = Console(pair.profile)
    try:
        await console.look()
        assert console.picture is not None
        told = [event.sentence for event in console.picture.events if event.actor is Actor.PERSON]
        assert told == [f"root logged in to {host.name} from {GATEWAY}"]
    finally:
        await console.aclose()


async def test_systemd_starts_zabbix_agent_again(pair: StoragePair) -> None:
    """By what zabbix-recovery gives a host; Debian's own unit leaves one down that ended by itself."""
    host, monitoring = pair.hosts[NODES[0]], Monitoring(HttpService("http://127.0.0.1"))
    step = put(Watched(host.name, "1", ("host",), ()), monitoring)
    hub = Hub(load_profile(pair.profile))
    try:
        for act in step.acts:
            (answer,) = await hub.ask([act.command], 40.0)
            assert isinstance(answer, Answer), answer
        assert step.goal is not None
        (answer,) = await hub.ask([step.goal.command], 40.0)
        assert step.goal.judge(answer).holds, answer
    finally:
        await hub.aclose()
    main = f"systemctl show --property MainPID --value {monitoring.agent_unit}"
    first = host.says(main)
    host.ssh(f"kill -TERM {first}")
    wait_for("another agent", lambda: host.says(main) not in ("0", first), every=0.5)
    host.ssh(f"systemctl stop {monitoring.agent_unit}")


@pytest.mark.parametrize(
    "state",
    [pytest.param(state, id=state.name, marks=[] if state.order else pytest.mark.long) for state in STATES],
)
async def test_its_troubles_are_told_as_the_simulated_ones(pair: StoragePair, state: StorageState) -> None:
    active, standby = _serving(pair), other_of(_serving(pair))
    mounted(pair)
    console = Console(pair.profile)
    try:
        assert list(storage_wrong(await console.polls())) == []
        if state.order:
            pair.hosts[standby].ssh(state.order)
        else:
            pair.hosts[standby].power_off()
        wrong, until = ["not looked"], time.monotonic() + 60
        while wrong and time.monotonic() < until:
            wrong = list(storage_wrong(await console.polls(), state, active))
        assert wrong == []
    finally:
        await console.aclose()
    if not state.order:
        pair.power_on(standby)
        pair.hosts[standby].ready()
    pair.hosts[standby].ssh("drbdadm attach r0; drbdadm up r0; systemctl start heartbeat", check=False)
