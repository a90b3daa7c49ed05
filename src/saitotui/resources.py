"""Where the data folders are: inside an installed wheel, or at the top of a checkout."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def data(name: str) -> Path:
    """The folder `screens` or `profiles`; FileNotFoundError when the installation lacks it."""
    package = Path(str(files("saitotui")))
    for folder in (package / "_data" / name, package.parents[1] / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"the folder {name!r} is missing from this installation of saitotui: reinstall it"
    )
