"""Snapshots of screens: SVG for the eye, text for the reviewer. `--accept` writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.scenes import photograph
from tests.ui import acting_scenes
from tests.ui.acting_world import books

from saitotui.config import load_screens
from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.ui.draw.acts import Acts
from saitotui.ui.environment import prepare

prepare()

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"
_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write the snapshots instead of comparing them")


@pytest.fixture(scope="session")
def screens() -> tuple[ScreenSpec, ...]:
    return load_screens()


SCENES = ("healthy", "db-master-dead", "drbd-split-brain", "pve-node-lost", "console-cut-off")
"""The scenarios that every screen is drawn in."""

_taken: dict[str, Picture] = {}


@pytest.fixture
async def scene(request: pytest.FixtureRequest) -> Picture:
    """The photograph of the scenario that the test is about; each is taken once."""
    name = request.node.callspec.params["scenario"]
    if name not in _taken:
        _taken[name] = await photograph(name)
    return _taken[name]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """State, terminal and runbooks of a console that acts in a test."""
    monkeypatch.setenv("SAITOTUI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    with books():
        yield


_acting: dict[str, tuple[Picture, Acts]] = {}


@pytest.fixture
async def acting() -> acting_scenes.Scenes:
    """What the console draws of a swap; it is walked once."""
    if not _acting:
        _acting.update(await acting_scenes.scenes())
    return _acting


@pytest.fixture
def accepted(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """Compares (screen, name, content with suffix) with what was accepted."""
    accept = bool(request.config.getoption("--accept", default=False))

    def check(screen: str, file_name: str, content: str) -> None:
        file = SNAPSHOTS / screen / file_name
        content = _FONT.sub("", content)
        if accept:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        assert file.is_file(), f"{file} was never accepted: make accept"
        assert content == file.read_text(encoding="utf-8"), f"{file} differs: look, then make accept"

    return check
