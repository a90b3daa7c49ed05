"""The journal's screen, and evidence, as an engineer meets them."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest
from tests.ui.acting_world import stand

from saitotui.engine.journal.file import Journal
from saitotui.model.picture import Picture
from saitotui.ui.shot import photograph
from saitotui.ui.views import Kind, View

pytestmark = pytest.mark.usefixtures("place")


async def test_the_journal_is_shown_verified_and_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.pilot.press("J")
        await at.seen("no entry yet: nobody acted from here")
        await at.armed()
        at.app._check()
        await at.seen("1 entry, each follows the one before", "armed for 900 s, because: INC-7")
        await at.command("disarm lunch")
        at.app._check()
        shown = await at.seen("2 entries", "read-only again: lunch")
        assert shown.index("lunch") < shown.index("INC-7"), "the newest stands on top"
        await at.pilot.press("slash", *"lunch")
        await at.until(lambda: "INC-7" not in at.text)
        assert "2 entries, each follows the one before" in at.text, "the verdict is no line to be filtered"
        await at.pilot.press("enter", "enter")
        assert at.app.view == View(Kind.ENTRY, "2")
        await at.seen("Entry 2: disarm", '"why": "lunch"', at.entries()[1].hash[:40])


async def test_the_log_has_people_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody did stands among what robots and the platform did; Enter opens the journal's entry."""
    async with stand(monkeypatch) as at:
        await at.armed()
        await at.command("log")
        await at.seen("What changed: people, robots, the platform", "armed for 900 s, because: INC-7")
        await at.pilot.press("slash", *"INC-7", "enter", "enter")
        assert at.app.view == View(Kind.ENTRY, "1")


async def test_a_changed_journal_is_called_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.armed()
        await at.command("disarm")
        await at.seen("READ-ONLY")
        file = at.state / "journal.jsonl"
        file.write_bytes(file.read_bytes().replace(b"INC-7", b"INC-8"))
        await at.pilot.press("J")
        await at.seen("✗ CRIT", "BROKEN: line 1: entry 1 was changed")
        await at.pilot.press("v")
        await at.seen("BROKEN: line 1")


async def test_witnesses_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.armed()
        await at.pilot.press("J")
        await at.seen("v compares it with its witnesses")
        await at.pilot.press("v")
        host = at.profile.acting.witnesses[0]
        await at.seen(f"witness {host} cannot be asked: nothing else is there")


async def test_one_key_collects_evidence_whose_hash_is_in_the_journal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with stand(monkeypatch) as at:
        await at.pilot.press("e")
        await at.seen("did not come", "its hash: J")
        entry = at.entries()[-1]
        assert entry.kind == "evidence"
        kept(Path(str(entry.body["file"])), str(entry.body["sha256"]))
        await at.pilot.press("e")
        await at.until(lambda: len(at.entries()) == 2)
        assert len(list((at.state / "evidence").iterdir())) == 2, "nothing collected is ever written over"


def kept(file: Path, sha256: str) -> None:
    """The archive is what the journal says, read-only, and has what the platform and the console said."""
    assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    assert oct(file.stat().st_mode & 0o777) == "0o400"
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"findings.txt", "snapshot.json.gz", "database/db1/innodb-status.txt"} <= names


async def test_evidence_that_is_not_journalled_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        (at.state / "journal.jsonl").mkdir()
        await at.pilot.press("e")
        await at.seen("the evidence was not kept", "Is a directory")


async def test_a_picture_from_a_file_cannot_act() -> None:
    from tests.ui.pictures_trouble import master_dead

    picture: Picture = master_dead()
    for keys in (("J",), ("e",), ("b",), (":", *"arm 15m x", "enter"), ("r", "c", "u", "a", "t")):
        _, text = await photograph(picture, (), "overview", (80, 24), keys=keys)
        assert "READ-ONLY" in text
    assert (
        "no command 'arm'"
        in (await photograph(picture, (), "overview", (80, 24), keys=(":", *"arm 1m x", "enter")))[1]
    )


async def test_a_long_journal_shows_its_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        journal = Journal(at.state / "journal.jsonl")
        journal.append_all([("note", {"number": number}) for number in range(1_500)])
        await at.pilot.press("J")
        await at.seen("1500 entries, each follows the one before", '"number": 1499')
        await at.pilot.press("G")
        await at.seen("and 500 older: saitotui journal show")
