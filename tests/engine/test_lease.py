"""Leases as a real shell keeps them, on hosts that are folders."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from saitotui.engine.runs import lease
from saitotui.engine.runs.lease import Holder, LeaseRefused, Leases, read_holder
from saitotui.model.command import Answer, Command, Failure, FailureKind
from saitotui.model.profile import Application, Host, HttpService, Nginx, Profile

HOSTS = ("web1", "web2")
STATUS = HttpService("http://127.0.0.1/")
PROFILE = Profile(
    "test",
    {host: Host("127.0.0.1") for host in HOSTS},
    application=Application({host: Nginx(host, STATUS) for host in HOSTS}, {}),
)
ANNA = Holder("anna@ops1", "0001", "reload-nginx", "it's a new $HOST", 1_000.0)
BEN = Holder("ben@ops2", "0001", "reload-nginx", "INC-4711", 1_000.0)


class Hosts:
    """Runs each command in a shell whose lock folder is the target's own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        return [await asyncio.to_thread(self._run, command) for command in commands]

    def _run(self, command: Command) -> Answer:
        text = command.text.replace(lease.HOST_FOLDER, str(self.root / command.target))
        done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=10)
        return Answer(done.stdout + done.stderr, done.returncode)

    def holder(self, host: str) -> Holder | None:
        file = self.root / host / "application" / "holder"
        return read_holder(file.read_text("utf-8")) if file.exists() else None


class Clock:
    now = 1_000.0


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path)


def leases(hosts: Hosts, who: Holder, clock: Clock | None = None) -> Leases:
    time = clock or Clock()
    return Leases(PROFILE, hosts, lambda: replace(who, renewed=time.now), lambda: time.now)


async def test_who_comes_second_is_told_who_holds_it(hosts: Hosts) -> None:
    first, second = leases(hosts, ANNA), leases(hosts, BEN)
    await first.take(["application"])
    with pytest.raises(LeaseRefused, match="anna@ops1 holds the application tier: reload-nginx, run 0001"):
        await second.take(["application"])
    assert await first.release() == ""
    await second.take(["application"])
    assert [hosts.holder(host) for host in HOSTS] == [BEN, BEN]


async def test_it_is_renewed_and_given_back(hosts: Hosts) -> None:
    clock = Clock()
    mine = leases(hosts, ANNA, clock)
    await mine.take(["application"])
    for clock.now in (1_020.0, 1_040.0):
        assert await mine.renew() == ""
        assert mine.taken == ""
    assert {holder.renewed for host in HOSTS if (holder := hosts.holder(host))} == {1_040.0}
    assert await mine.release() == ""
    assert [hosts.holder(host) for host in HOSTS] == [None, None]


async def test_two_renewals_at_the_same_time_do_not_disturb_each_other(hosts: Hosts) -> None:
    mine = leases(hosts, ANNA)
    await mine.take(["application"])
    assert set(await asyncio.gather(mine.renew(), mine.renew(), mine.renew())) == {""}


async def test_a_renewal_that_is_cut_off_half_way_is_no_loss(hosts: Hosts) -> None:
    clock = Clock()
    mine = leases(hosts, ANNA, clock)
    await mine.take(["application"])
    clock.now = 1_020.0
    renewing = asyncio.create_task(mine.renew())
    await asyncio.sleep(0)
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)
    assert await mine.renew() == ""
    assert await mine.release() == ""


async def test_what_a_reboot_took_away_is_taken_again(hosts: Hosts) -> None:
    mine = leases(hosts, ANNA)
    await mine.take(["application"])
    shutil.rmtree(hosts.root / "web2")
    assert await mine.renew() == "the lease of application on web2 was gone and is taken again"
    assert mine.taken == ""
    assert hosts.holder("web2") == ANNA


async def test_who_took_it_over_is_named_and_keeps_it(hosts: Hosts) -> None:
    """Somebody held it for stale, and typed that they take it."""
    clock = Clock()
    mine, theirs = leases(hosts, ANNA), leases(hosts, BEN, clock)
    await mine.take(["application"])
    clock.now += lease.STALE_AFTER + 1
    with pytest.raises(LeaseRefused, match="it is stale and may be taken over") as refused:
        await theirs.take(["application"])
    await theirs.take(["application"], refused.value.stale)
    assert "on web1 is not ours any more: ben@ops2 holds it now, run 0001" in await mine.renew()
    assert mine.taken
    assert "not ours any more" in await mine.release()
    assert await theirs.renew() == ""
    assert theirs.taken == ""


class Partly(Hosts):
    """Hosts of which some do not answer."""

    def __init__(self, root: Path, *silent: str) -> None:
        super().__init__(root)
        self.silent = set(silent)

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        lost = Failure(FailureKind.UNREACHABLE, "no route to it")
        return [
            lost if c.target in self.silent else (await super(Partly, self).ask([c], 1))[0] for c in commands
        ]


async def test_a_host_that_the_plan_takes_for_dead_need_not_grant_it(tmp_path: Path) -> None:
    """Whoever acts needs the lease of the others, too: two never have it."""
    platform = Partly(tmp_path, "web1")
    with pytest.raises(LeaseRefused, match="no route to it"):
        await leases(platform, ANNA).take(("application",))
    await leases(platform, ANNA).take(("application",), absent=("web1",))
    assert platform.holder("web2") is not None
    with pytest.raises(LeaseRefused, match="anna@ops1 holds"):
        await leases(platform, BEN).take(("application",), absent=("web1",))
    platform.silent.clear()
    with pytest.raises(LeaseRefused, match="anna@ops1 holds"):
        await leases(platform, BEN).take(("application",))


async def test_somebody_has_to_grant_it(tmp_path: Path) -> None:
    with pytest.raises(LeaseRefused, match="cannot tell whether anybody else acts"):
        await leases(Partly(tmp_path, "web1", "web2"), ANNA).take(("application",), absent=("web1", "web2"))
