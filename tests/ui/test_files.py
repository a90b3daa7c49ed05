"""Files to choose from, for a parameter that is a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from saitotui.simulator import wars
from saitotui.ui.files import MOST, files_like


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    wars.offer(tmp_path / "wars")
    (tmp_path / "wars" / "notes.txt").touch()
    (tmp_path / "wars" / "a b.war").touch()
    return tmp_path


def test_before_anything_is_typed_those_that_are_near(folder: Path) -> None:
    found = files_like("", (folder, folder / "absent", folder / "wars"))
    assert [Path(one).name for one in found] == [
        "app##001.war",
        "app##002.war",
        "app##003.war",
        "app##004-answers-500.war",
        "app##004-does-not-start.war",
    ]
    assert all(one.startswith("/") for one in found)


def test_what_was_begun_goes_on(folder: Path) -> None:
    assert files_like(f"{folder}/wa", ()) == [f"{folder}/wars/"]
    assert files_like(f"{folder}/wars/app##003", ()) == [f"{folder}/wars/app##003.war"]
    assert len(files_like(f"{folder}/wars/", ())) == 5
    assert files_like(f"{folder}/absent/x", ()) == []


def test_not_too_many(tmp_path: Path) -> None:
    for number in range(3 * MOST):
        (tmp_path / f"{number}.war").touch()
    assert len(files_like(f"{tmp_path}/", ())) == MOST
