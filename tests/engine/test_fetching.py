"""Files of hosts, brought here by what a real shell answers."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from saitotui.clients.files import kept_file
from saitotui.engine import artefacts, fetching
from saitotui.engine.fetching import fetch
from saitotui.engine.runs.planning import keep_files
from saitotui.model.command import Answer, Command, Failure, FailureKind
from saitotui.model.plan import Refusal
from saitotui.model.profile import Host, Profile
from saitotui.simulator import wars

PROFILE = Profile("p", {"build1": Host("127.0.0.1")})


def nothing() -> None:
    return


@dataclass
class Build:
    """A host with a real shell; `before` is called before each command."""

    texts: list[str] = field(default_factory=list)
    before: Callable[[], None] = nothing

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        self.before()
        return [await asyncio.to_thread(self._run, command.text) for command in commands]

    def _run(self, text: str) -> Answer:
        self.texts.append(text)
        done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=10)
        return Answer(done.stdout + done.stderr, done.returncode)

    @property
    def pieces(self) -> int:
        return sum("base64" in text for text in self.texts)


def same(kept: str, file: Path) -> bool:
    return Path(kept).name == file.name and Path(kept).read_bytes() == file.read_bytes()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


async def test_it_is_sent_in_pieces_once(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PIECE", 1000)
    file, build = tmp_path / "it's ##002.war", Build()
    file.write_bytes(bytes(range(256)) * 10)
    kept = kept_file(await fetch(build, state, "build1", str(file)))
    assert same(kept.path, file)
    assert build.pieces == 3
    assert await fetch(build, state, "build1", str(file)) == kept.path
    other = file.rename(tmp_path / "app##003.war")
    renamed = kept_file(await fetch(build, state, "build1", str(other)))
    assert (Path(renamed.path).name, renamed.sha256) == ("app##003.war", kept.sha256)
    assert build.pieces == 3
    assert names(state) == ["artefacts"]


async def test_an_empty_file_is_one(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "empty.war"
    file.touch()
    assert kept_file(await fetch(Build(), state, "build1", str(file))).size == 0


async def test_what_cannot_be_had_is_said(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"build1: .*absent.war cannot be read: .*No such file"):
        await fetch(Build(), state, "build1", str(tmp_path / "absent.war"))
    file = wars.build(tmp_path, "002")
    monkeypatch.setattr(artefacts, "MOST", 10)
    monkeypatch.setattr(fetching, "MOST", 10)
    with pytest.raises(ValueError, match="more than"):
        await fetch(Build(), state, "build1", str(file))


async def test_one_that_changes_meanwhile_is_not_taken(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PIECE", 500)
    file, build = wars.build(tmp_path, "002"), Build()

    def change() -> None:
        if build.pieces == 1:
            file.write_bytes(b"x" * file.stat().st_size)

    build.before = change
    with pytest.raises(ValueError, match="changed while it was sent"):
        await fetch(build, state, "build1", str(file))
    file.unlink()
    file.write_bytes(b"y" * 2000)
    build.before = lambda: file.unlink() if build.pieces == 2 and file.exists() else None
    build.texts.clear()
    with pytest.raises(ValueError, match=r"cannot be read|changed while it was sent"):
        await fetch(build, state, "build1", str(file))


async def test_a_host_that_does_not_answer_is_named(state: Path) -> None:
    class Silent:
        async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
            return [Failure(FailureKind.TIMEOUT, "build1: no answer") for _ in commands]

    with pytest.raises(ValueError, match="build1: no answer"):
        await fetch(Silent(), state, "build1", "/srv/app.war")


async def test_only_parameters_that_are_files_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAITOTUI_STATE", str(tmp_path / "all"))
    war = wars.build(tmp_path, "002")

    async def kept(runbook: str, **given: str) -> dict[str, str] | tuple[str, ...]:
        found = await keep_files(Build(), PROFILE, runbook, given)
        return found.reasons if isinstance(found, Refusal) else dict(found)

    deploy = "parallel-deploy-war"
    here = await kept(deploy, war=str(war), version=str(war))
    there = await kept(deploy, war=f"build1:{war}", version=str(war))
    assert isinstance(here, dict)
    assert here == there
    assert here["version"] == str(war)
    assert here["war"].startswith(str(tmp_path / "all" / "p" / "artefacts"))
    assert await kept("no-such-runbook", war="x") == {"war": "x"}
    assert await kept(deploy, war="web9:/srv/app.war") == ("the profile has no host 'web9'",)
    assert await kept(deploy, war="/srv/absent.war") == ("/srv/absent.war is not a file",)
