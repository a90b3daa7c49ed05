"""The small programs of a base system that count, cut and sum what files hold, octet by octet.

What a simulated file holds is text; octets that are none in UTF-8 stand in it as Python's `surrogateescape`
has them.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Sequence

from saitotui.simulator.shell import Hangs, Shell, Streams
from saitotui.simulator.world import octets, text_of

Builtin = Callable[[Shell, list[str], Streams], int]


def inputs(
    shell: Shell, name: str, files: Sequence[str], streams: Streams
) -> tuple[list[tuple[str, str]], int]:
    """The named inputs with their content, or standard input; 2 when one is missing."""
    if not files:
        return [("(standard input)", streams.stdin)], 0
    found, status = [], 0
    for file in files:
        content = shell.machine.read(shell.path(file))
        if content is None:
            streams.err.append(f"{name}: {file}: No such file or directory\n")
            status = 2
        else:
            found.append((file, content))
    return found, status


def _head(shell: Shell, words: list[str], streams: Streams) -> int:
    return _ends(shell, words, streams, from_start=True)


def _tail(shell: Shell, words: list[str], streams: Streams) -> int:
    return _ends(shell, words, streams, from_start=False)


def _ends(shell: Shell, words: list[str], streams: Streams, *, from_start: bool) -> int:
    """`-n N`, `-c N`, `-N`; `tail -c +N` is from octet N on, counted from 1."""
    count, files, unit, rest = 10, [], "n", False
    arguments = iter(words[1:])
    for word in arguments:
        if word in ("-n", "-c"):
            said = next(arguments, "10")
            unit, count, rest = word[1], int(said.lstrip("+")), said.startswith("+")
        elif re.fullmatch(r"-[nc]?\d+", word):
            unit = "c" if word[1] == "c" else "n"
            count = int(word.lstrip("-nc"))
        elif not word.startswith("-"):
            files.append(word)
    found, status = inputs(shell, words[0], files, streams)
    follows = not from_start and any(word in ("-f", "-F") for word in words)
    part = slice(max(count - 1, 0), None) if rest else slice(count) if from_start else slice(-count, None)
    for _, content in found:
        if unit == "c":
            streams.out.append(text_of(octets(content)[part]))
        else:
            lines = content.splitlines(keepends=True)
            streams.out.extend(lines[part] if count else [])
    if follows:
        shell.follows = shell.path(files[-1])
        raise Hangs
    return int(bool(status))


def _wc(shell: Shell, words: list[str], streams: Streams) -> int:
    files = [word for word in words[1:] if not word.startswith("-")]
    found, status = inputs(shell, "wc", files, streams)
    for name, content in found:
        count = len(octets(content)) if "-c" in words else content.count("\n")
        streams.out.append(f"{count} {name}\n" if files else f"{count}\n")
    return int(bool(status))


def _cksum(shell: Shell, words: list[str], streams: Streams) -> int:
    found, status = inputs(shell, "cksum", words[1:], streams)
    for name, content in found:
        all_of_it = octets(content)
        streams.out.append(f"{zlib.crc32(all_of_it)} {len(all_of_it)}{' ' + name if words[1:] else ''}\n")
    return int(bool(status))


def _sha256sum(shell: Shell, words: list[str], streams: Streams) -> int:
    files = [word for word in words[1:] if not word.startswith("-")]
    found, status = inputs(shell, "sha256sum", files, streams)
    for name, content in found:
        streams.out.append(f"{hashlib.sha256(octets(content)).hexdigest()}  {name if files else '-'}\n")
    return int(bool(status))


def _base64(shell: Shell, words: list[str], streams: Streams) -> int:
    """base64(1), without line breaks (`-w 0`)."""
    files = [word for word in words[1:] if word.startswith("/")]
    found, status = inputs(shell, "base64", files, streams)
    streams.out.extend(base64.b64encode(octets(content)).decode() for _, content in found)
    return int(bool(status))


def _gzip(shell: Shell, words: list[str], streams: Streams) -> int:
    """gzip(1) as a filter."""
    streams.out.append(text_of(gzip.compress(octets(streams.stdin), mtime=0)))
    return 0


OCTETS: dict[str, Builtin] = {
    "head": _head,
    "tail": _tail,
    "wc": _wc,
    "cksum": _cksum,
    "sha256sum": _sha256sum,
    "base64": _base64,
    "gzip": _gzip,
}
