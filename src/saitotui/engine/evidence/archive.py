"""Collecting evidence into one archive, and what the journal says of it."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saitotui.engine import store
from saitotui.engine.evidence import pieces
from saitotui.engine.evidence.questions import Item, items
from saitotui.engine.poll import Asker
from saitotui.model.command import Answer, Client, Failure
from saitotui.model.picture import Picture

DEADLINE = 20.0
"""Seconds for the answers of one machine over one client."""
MOST = 8 * 1024 * 1024
"""Characters kept of one answer; the file says when something was cut off."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What was collected: the file, its SHA-256 in hex, its size in bytes, and how many questions had an
    answer and how many had none."""

    file: Path
    sha256: str
    size: int
    answers: int
    failures: int

    @property
    def body(self) -> Mapping[str, Any]:
        """As the journal keeps it."""
        return {
            "file": str(self.file),
            "sha256": self.sha256,
            "bytes": self.size,
            "answers": self.answers,
            "failures": self.failures,
        }


async def gather(asker: Asker, picture: Picture, folder: Path, clock: Callable[[], float]) -> Archive:
    """Asks every machine at the same time, and writes `folder`/TIME.tar.gz (0600). A machine that does not
    answer is in it with its failure. Raises OSError when it cannot be written."""
    at = clock()
    wanted = items(picture.profile)
    answers = await _ask(asker, wanted)
    files: dict[str, str | bytes] = {
        item.name: _text(item, answer) for item, answer in zip(wanted, answers, strict=True)
    }
    files |= _seen(picture)
    failures = sum(isinstance(answer, Failure) for answer in answers)
    return await asyncio.to_thread(_write, folder, files, at, len(answers) - failures, failures)


async def _ask(asker: Asker, wanted: list[Item]) -> list[Answer | Failure]:
    """All answers in the order of `wanted`; what shares a client and a machine travels together."""
    groups: dict[tuple[Client, str], list[int]] = {}
    for number, item in enumerate(wanted):
        groups.setdefault((item.command.client, item.command.target), []).append(number)

    async def ask(numbers: list[int]) -> list[Answer | Failure]:
        return await asker.ask([wanted[number].command for number in numbers], DEADLINE)

    found = await asyncio.gather(*(ask(numbers) for numbers in groups.values()))
    by_number = {
        number: answer
        for numbers, answers in zip(groups.values(), found, strict=True)
        for number, answer in zip(numbers, answers, strict=True)
    }
    return [by_number[number] for number in range(len(wanted))]


def _text(item: Item, answer: Answer | Failure) -> str:
    """The file of one answer: what was asked, and what came back."""
    command = item.command
    head = f"# {command.client.value} {command.target}: {command.text}\n"
    if isinstance(answer, Failure):
        return f"{head}# no answer ({answer.kind.value}): {answer.sentence}\n"
    body = answer.text
    if answer.rows:
        body += "".join(json.dumps(dict(row), ensure_ascii=False, default=str) + "\n" for row in answer.rows)
    elif answer.data is not None:
        body = json.dumps(answer.data, ensure_ascii=False, indent=1) + "\n"
    cut = f"\n# cut off after {MOST} characters\n" if len(body) > MOST else ""
    return f"{head}# status {answer.status}\n{body[:MOST]}{cut}"


def _seen(picture: Picture) -> Mapping[str, str | bytes]:
    """What the console itself saw and judged at that moment."""
    findings = "".join(
        f"{finding.health.name} {finding.code} {finding.subject}: {finding.sentence}\n"
        + "".join(f"    {fact}\n" for fact in finding.evidence)
        for finding in picture.findings
    )
    return {"findings.txt": findings or "nothing found\n", "snapshot.json.gz": store.dump(picture.snapshot)}


def _write(folder: Path, files: Mapping[str, str | bytes], at: float, answers: int, failures: int) -> Archive:
    """The archive, complete or not at all: it is written under another name first."""
    buffer = io.BytesIO()
    name = f"evidence-{pieces.stamp(at)}"
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in sorted(files.items()):
            data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
            info = tarfile.TarInfo(f"{name}/{path}")
            info.size, info.mtime, info.mode = len(data), int(at), 0o600
            archive.addfile(info, io.BytesIO(data))
    piece = pieces.put(folder, name, ".tar.gz", buffer.getvalue())
    return Archive(piece.file, piece.sha256, piece.size, answers, failures)
