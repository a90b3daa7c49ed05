"""Generations, haresources and lower disks, as real nodes print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from saitotui.facts import backing, drbd, drbd_generations, drbd_log, haresources
from saitotui.facts.drbd_generations import Generations
from saitotui.facts.haresources import Group, Resource
from saitotui.model.command import Answer, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "storage"
ALONE = "84FC9735080A442F:5961A93249E42071:0000000000000000:0000000000000000:1:1:1:0:0:0:0\n"
BEHIND = "5961A93249E42070:0000000000000000:0000000000000000:0000000000000000:1:1:0:1:0:0:0\n"


def test_who_is_primary_is_no_part_of_a_generation() -> None:
    alone, behind = (drbd_generations.generations(Answer(text)) for text in (ALONE, BEHIND))
    assert alone.current == "84FC9735080A442E"
    assert alone.bitmap == behind.current == "5961A93249E42070"
    assert behind.current in alone.known
    assert alone.current not in behind.known
    assert Generations("A", "0" * 16, ()).known == {"A"}


@pytest.mark.parametrize("text", ["", "r0: not defined in the kernel\n", "84FC:5961:0:0:1:1"])
def test_what_names_no_generation_is_said(text: str) -> None:
    with pytest.raises(Unparsable, match="names no generation"):
        drbd_generations.generations(Answer(text, 10))


def test_resources_stand_in_their_order() -> None:
    text = "# x\nst1 drbddisk::r0 Filesystem::/dev/drbd0::/srv/nfs::ext4 \\\n nfs-server 10.0.0.20/24/eno1\n"
    (group,) = haresources.haresources(Answer(text))
    assert group == Group(
        "st1",
        (
            Resource("drbddisk", ("r0",)),
            Resource("Filesystem", ("/dev/drbd0", "/srv/nfs", "ext4")),
            Resource("nfs-server"),
            Resource("IPaddr", ("10.0.0.20/24/eno1",)),
        ),
    )
    assert group.resources[1].words == "Filesystem::/dev/drbd0::/srv/nfs::ext4"


@pytest.mark.parametrize(
    ("text", "status"), [("cat: no such file\n", 1), ("st1 $(reboot)::x\n", 0), ("; st1\n", 0)]
)
def test_resources_that_cannot_be_read_are_said(text: str, status: int) -> None:
    with pytest.raises(Unparsable, match="haresources"):
        haresources.haresources(Answer(text, status))


@pytest.mark.parametrize(
    ("text", "lvm", "free"),
    [
        ("disk /dev/vg0/r0\nvolume vg0 r0 65536.00 94208.00\n", True, 94208),
        ("disk /dev/sdb\n", False, 0),
        ("disk /dev/sdb\nvolume\n", False, 0),
    ],
)
def test_the_lower_disk_is_a_volume_or_not(text: str, lvm: bool, free: int) -> None:
    found = backing.backing(Answer(text))
    assert (found.lvm, found.free) == (lvm, free)


def test_a_disk_that_is_not_named_is_said() -> None:
    with pytest.raises(Unparsable, match="does not name the lower disk"):
        backing.backing(Answer("no resources defined!\n", 10))


def test_the_last_contact_is_dated_though_the_state_only_passes() -> None:
    text = (
        "uptime 2000.00\n"
        "[  100.000000] drbd r0: peer( Primary -> Unknown ) conn( Connected -> NetworkFailure )\n"
        "[  150.000000] drbd r0: conn( WFReportParams -> WFBitMapT )\n"
        "[ 1900.500000] block drbd0: conn( SyncTarget -> Connected ) disk( Inconsistent -> UpToDate )\n"
        "[ 1940.000000] drbd r0: peer( Primary -> Unknown ) conn( Connected -> BrokenPipe )\n"
    )
    assert drbd_log.kernel_log(Answer(text)).lost == 60.0
    assert drbd_log.kernel_log(Answer("uptime 5.00\n")).lost is None


class TestPatience:
    SHOWN = (RECORDINGS / "config--st1--drbdsetup-show.txt").read_text()

    @pytest.mark.parametrize(("deadtime", "seconds"), [("5", 5.0), ("500ms", 0.5)])
    def test_recorded(self, deadtime: str, seconds: float) -> None:
        pings = "".join(line for line in self.SHOWN.splitlines(True) if "ping-" in line)
        found = drbd.patience(Answer(f"deadtime {deadtime}\n{pings}"))
        assert (found.heartbeat, found.drbd) == (seconds, 5.0)

    @pytest.mark.parametrize(
        "raw", ["", "deadtime \n ping-int 3;\n ping-timeout 20;\n", "deadtime 5\n ping-int 3;\n"]
    )
    def test_half_an_answer_is_none(self, raw: str) -> None:
        with pytest.raises(Unparsable):
            drbd.patience(Answer(raw))
