"""Files that this console keeps by their content, in a folder of its own: what runbooks send to machines.

A kept file lies in `FOLDER/SIZE-SHA256/NAME`; `FOLDER/known.json` says which of them is which version of an
application. Nothing else on this machine is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from saitotui.clients.failures import late
from saitotui.clients.war import describe
from saitotui.model.command import Answer, Command, Failure, FailureKind, File, Json

HERE = "this console"
"""The only target there is."""
KNOWN = "known.json"
_CHUNK = 1 << 20


class FileConnection:
    """Answers `describe [NAME]` (what lies in the archive `file`, and as `before` in the one that NAME is
    known to be), `known NAME` (the SHA-256 of what it is known to be) and `note NAME` (from now on it is
    `file`)."""

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        return [await self._one(command, deadline) for command in commands]

    @staticmethod
    async def _one(command: Command, deadline: float) -> Answer | Failure:
        try:
            async with asyncio.timeout(deadline):
                return await asyncio.to_thread(_answer, command)
        except TimeoutError:
            return late("this machine", command.text, deadline)

    async def aclose(self) -> None:
        """There is nothing to close."""


def _answer(command: Command) -> Answer | Failure:
    file = command.file
    if file is None:
        return Failure(FailureKind.ERROR, f"{command.text}: no file is named")
    folder = Path(file.path).parents[1]
    word, _, name = command.text.partition(" ")
    try:
        if word == "describe":
            return unlike(file) or Answer(data=_described(file, folder, name))
        if word == "known":
            sha256 = _known(folder).get(name, "")
            return Answer(sha256, data={"sha256": sha256})
        if word == "note":
            return unlike(file) or _note(folder, name, file)
    except (OSError, ValueError) as error:
        return Failure(FailureKind.ERROR, f"{folder}: {error}")
    return Failure(FailureKind.ERROR, f"{word!r} is nothing that is asked of a kept file")


def _described(file: File, folder: Path, name: str) -> dict[str, Json]:
    before = _known(folder).get(name, "")
    kept = next(folder.glob(f"*-{before}/*"), None) if before else None
    return {**describe(Path(file.path)), "before": describe(kept) if kept else None}


def _known(folder: Path) -> dict[str, str]:
    try:
        value = json.loads((folder / KNOWN).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {str(name): str(sha256) for name, sha256 in value.items()}


def _note(folder: Path, name: str, file: File) -> Answer:
    text = json.dumps({**_known(folder), name: file.sha256}, indent=1, sort_keys=True)
    handle, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    Path(temporary).replace(folder / KNOWN)
    return Answer(f"{name} is {file.sha256}")


def place_of(size: int, sha256: str) -> str:
    """The name of the folder that a content is kept in."""
    return f"{size}-{sha256}"


def kept_file(path: str) -> File:
    """The kept file of that path. Raises ValueError with a sentence."""
    found = re.fullmatch(r"/.*/(\d{1,12})-([0-9a-f]{64})/[^/]+", path)
    if found is None:
        raise ValueError(f"{path} is not a file that this console keeps")
    return File(path, found[2], int(found[1]))


def unlike(file: File) -> Failure | None:
    """Why a kept file is not what was approved; None when it is."""
    try:
        found = sha256_of(Path(file.path))
    except OSError as error:
        said = f"it cannot be read any more: {error.strerror or error}"
        return Failure(FailureKind.ERROR, f"{file.path}: {said}")
    if found == file.sha256:
        return None
    said = f"its content is not what was approved (SHA-256 {found})"
    return Failure(FailureKind.ERROR, f"{file.path}: {said}")


def sha256_of(path: Path) -> str:
    """SHA-256 in hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
