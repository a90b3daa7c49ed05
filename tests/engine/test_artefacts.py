"""Files kept by their content: what is approved is what is sent, whatever becomes of the file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from saitotui.clients.files import HERE, FileConnection, kept_file
from saitotui.engine import artefacts
from saitotui.engine.artefacts import keep
from saitotui.engine.runs.folder import Request, create
from saitotui.model.command import Answer, Client, Command, Failure, File
from saitotui.simulator import wars


@pytest.fixture
def file(tmp_path: Path) -> File:
    return kept_file(keep(tmp_path, wars.build(tmp_path, "002")))


async def ask(text: str, file: File | None) -> Answer | Failure:
    return (await FileConnection().ask([Command(Client.FILE, HERE, text, file=file)], 10))[0]


def test_it_is_kept_once_under_its_content(tmp_path: Path) -> None:
    war = wars.build(tmp_path, "002")
    kept = keep(tmp_path, war)
    written = Path(kept).stat().st_mtime_ns
    assert kept == keep(tmp_path, war) == keep(tmp_path, Path(kept))
    assert Path(kept).stat().st_mtime_ns == written
    assert Path(kept).read_bytes() == war.read_bytes()
    assert oct(Path(kept).stat().st_mode & 0o777) == "0o600"
    wars.build(tmp_path, "003").rename(war)
    other = keep(tmp_path, war)
    assert other != kept
    assert kept_file(kept).size == Path(kept).stat().st_size
    assert kept_file(other).sha256 != kept_file(kept).sha256


def test_what_cannot_be_kept_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="is not a file"):
        keep(tmp_path, tmp_path / "absent.war")
    with pytest.raises(ValueError, match="is not a file"):
        keep(tmp_path, tmp_path)
    monkeypatch.setattr(artefacts, "MOST", 10)
    with pytest.raises(ValueError, match="more than"):
        keep(tmp_path, wars.build(tmp_path, "002"))
    with pytest.raises(ValueError, match="not a file that this console keeps"):
        kept_file("/tmp/app.war")


def test_old_ones_go_but_not_those_of_runs(tmp_path: Path) -> None:
    kept = []
    for number in range(artefacts.KEEP + 3):
        path = tmp_path / f"{number}.war"
        path.write_text(str(number))
        kept.append(Path(keep(tmp_path, path)))
        os.utime(kept[-1].parent, (number, number))
        if number == 0:
            request = Request(
                "p", "/p.yaml", "parallel-deploy-war", {"war": str(kept[0])}, "d", "a", "w", 0.0
            )
            create(tmp_path, request, b"")
    left = [path.exists() for path in kept]
    assert left[0]
    assert not left[1]
    assert all(left[3:])


async def test_what_a_version_is_known_to_be(file: File, tmp_path: Path) -> None:
    unknown = await ask("known /app##002", file)
    assert isinstance(unknown, Answer)
    assert unknown.text == ""
    assert isinstance(await ask("note /app##002", file), Answer)
    known = await ask("known /app##002", file)
    assert isinstance(known, Answer)
    assert known.text == file.sha256
    described = await ask("describe /app##002", file)
    assert isinstance(described, Answer)
    assert isinstance(described.data, dict)
    assert described.data["broken"] == ""
    assert isinstance(described.data["before"], dict)


def test_another_content_is_refused(file: File) -> None:
    Path(file.path).write_bytes(b"something else")
    for text in ("describe", "note /app##002"):
        answer = asyncio.run(ask(text, file))
        assert isinstance(answer, Failure)
        assert "its content is not what was approved" in answer.sentence
    Path(file.path).unlink()
    gone = asyncio.run(ask("describe", file))
    assert isinstance(gone, Failure)
    assert "cannot be read any more" in gone.sentence


async def test_what_is_no_question_is_said(file: File) -> None:
    for text, of in (("delete all", file), ("describe", None)):
        assert isinstance(await ask(text, of), Failure)
