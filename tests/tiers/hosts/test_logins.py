"""Who logged in to a host, and when it was started: told by last(1), shown in the log."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from tests.runbooks.simulated import seen

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.facts.logins import LOGINS, MOST, Login, logins
from saitotui.model.command import Answer, Unparsable
from saitotui.model.topology import Actor
from saitotui.simulator.simulation import Simulation
from saitotui.tiers.hosts import build

SAID = """\
root     tty1                          2026-11-30T00:55:51+00:00   gone - no logout
anna     pts/0        10.0.0.5         2026-11-30T01:54:11+02:00 - 2026-11-30T02:59:11+02:00  (01:05)
reboot   system boot  6.1.0-37-amd64   2026-11-29T22:30:51+00:00   still running

wtmp begins 2026-11-29T22:30:51+00:00
"""


def test_what_last_says() -> None:
    local, remote, boot = logins(Answer(SAID))
    assert local == Login(1_796_000_151.0, "root", "tty1")
    assert (remote.user, remote.origin, local.at - remote.at) == ("anna", "10.0.0.5", 3700)
    assert (boot.user, boot.line, remote.at - boot.at) == ("", "6.1.0-37-amd64", 5000)


@pytest.mark.parametrize(
    "said",
    ["no last\n", "last: cannot open /var/log/wtmp: No such file or directory\n", "\nwtmp begins Mon\n"],
)
def test_a_host_that_keeps_no_log(said: str) -> None:
    assert logins(Answer(said)) == ()


@pytest.mark.parametrize("said", ["", "Welcome\n", "anna pts/0 10.0.0.5 2026-13-99T00:00:00+00:00\n"])
def test_what_cannot_be_read(said: str) -> None:
    with pytest.raises(Unparsable):
        logins(Answer(said))


def test_not_without_end() -> None:
    assert len(logins(Answer((SAID.splitlines()[1] + "\n") * 500))) == MOST


def _record(kind: int, line: bytes, user: bytes, host: bytes, at: int) -> bytes:
    """A record of utmp(5)."""
    return struct.pack("hi32s4s32s256shhiii4i20x", kind, 7, line, b"", user, host, 0, 0, 0, at, 0, 0, 0, 0, 0)


@pytest.mark.skipif(shutil.which("last") is None, reason="no last(1) on this computer")
def test_the_real_program(tmp_path: Path) -> None:
    wtmp = tmp_path / "wtmp"
    boot, anna = _record(2, b"~", b"reboot", b"6.1.0", 1000), _record(7, b"pts/0", b"anna", b"10.0.0.5", 2000)
    wtmp.write_bytes(boot + anna)
    text = LOGINS.replace("--time-format iso", f"--time-format iso -f {wtmp}")
    said = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout
    assert logins(Answer(said)) == (
        Login(2000.0, "anna", "pts/0", "10.0.0.5"),
        Login(1000.0, "", "6.1.0"),
    )


async def test_it_is_in_the_log(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", "healthy", frozen=True) as simulation:
        simulation.inject("login", "db1")
        profile = load_profile(simulation.profile_path)
        hub, tier = Hub(profile), build(profile)
        assert tier is not None
        try:
            snapshot = await seen(hub, profile, simulation.world.clock.now, "hosts")
        finally:
            await hub.aclose()
        (event,) = tier.picture(snapshot).events
        assert (event.actor, event.who, event.subject) == (Actor.PERSON, "kenji", "host/db1")
        assert event.sentence == "kenji logged in to db1 from 192.0.2.17"
