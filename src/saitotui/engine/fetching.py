"""A file that lies on a host of the platform, brought here in pieces over SSH, and kept by its content."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import re
import tempfile
from pathlib import Path, PurePosixPath

from saitotui.clients.files import place_of
from saitotui.clients.quoting import shell
from saitotui.engine.artefacts import FOLDER, MOST, keep
from saitotui.engine.poll import Asker
from saitotui.model.command import Client, Command, Failure
from saitotui.model.text import one_line

PLACE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*):(/.+)")
"""`HOST:/PATH`."""
PIECE = 1 << 20
"""Octets that are asked for at once."""
DEADLINE = 30.0
"""Seconds for one piece."""
SUM = 120.0
"""Seconds in which a host sums the whole file up."""


async def fetch(asker: Asker, state: Path, host: str, path: str) -> str:
    """The path of the kept file with the content that `path` on `host` has now; it is sent only when it is
    not kept yet. ValueError with a sentence when it cannot be had whole."""
    sha256, size = await _summed(asker, host, path)
    if size > MOST:
        raise ValueError(f"{host}:{path} has {size >> 20} MiB, more than the {MOST >> 20} that are sent")
    name = PurePosixPath(path).name
    place = state / FOLDER / place_of(size, sha256)
    kept = next(iter(sorted(place.glob("*"))), None) if place.is_dir() else None
    try:
        if kept is not None:
            return await asyncio.to_thread(_named, kept, name, state)
        return await _sent(asker, host, path, size, sha256, state)
    except OSError as error:
        raise ValueError(f"{host}:{path} cannot be kept: {error.strerror or error}") from None


async def _summed(asker: Asker, host: str, path: str) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file, as its host says."""
    file = shell(path)
    text = await _said(asker, host, f"( sha256sum < {file} && wc -c < {file} )", SUM)
    found = re.fullmatch(r"([0-9a-f]{64})\s+-\s+(\d+)\s*", text)
    if found is None:
        raise ValueError(f"{host}: {path} cannot be read: {one_line(text) or 'it says nothing'}")
    return found[1], int(found[2])


async def _said(asker: Asker, host: str, text: str, deadline: float) -> str:
    (answer,) = await asker.ask([Command(Client.SSH, host, text)], deadline)
    if isinstance(answer, Failure):
        raise ValueError(answer.sentence)
    return answer.text


def _named(kept: Path, name: str, state: Path) -> str:
    """The kept file under the name that it has on the host: a version may stand in that."""
    wanted = kept.with_name(name)
    if not wanted.exists():
        os.link(kept, wanted)
    return keep(state, wanted)


async def _sent(asker: Asker, host: str, path: str, size: int, sha256: str, state: Path) -> str:
    file = shell(path)
    with tempfile.TemporaryDirectory(dir=state, prefix="fetched-") as folder:
        target = Path(folder) / PurePosixPath(path).name
        for offset in range(0, max(size, 1), PIECE):
            text = f"tail -c +{offset + 1} < {file} | head -c {PIECE} | base64 -w 0"
            said = await _said(asker, host, text, DEADLINE)
            try:
                piece = base64.b64decode(said.strip(), validate=True)
            except binascii.Error:
                raise ValueError(f"{host}: {path} cannot be read: {one_line(said)}") from None
            await asyncio.to_thread(_append, target, piece)
        kept = await asyncio.to_thread(keep, state, target)
    if Path(kept).parent.name != place_of(size, sha256):
        raise ValueError(f"{host}:{path} changed while it was sent: try again when nobody writes to it")
    return kept


def _append(target: Path, piece: bytes) -> None:
    with target.open("ab") as stream:
        stream.write(piece)
