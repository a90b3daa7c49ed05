"""Secrets: references in, values out, at the moment a connection opens; never shown."""

from __future__ import annotations

import asyncio
import os
import shlex
import stat
from pathlib import Path

from saitotui.model.command import Failure, FailureKind
from saitotui.model.profile import SecretRef

DEADLINE = 10.0
"""Seconds that a program or key ring may take."""
LIMIT = 64 * 1024


class Secret:
    """A value that does not show itself: not in a text, not in a trace."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__

    def reveal(self) -> str:
        """The value itself: only to be handed to the library that needs it."""
        return self._value


async def resolve(reference: SecretRef) -> Secret | Failure:
    """The secret that `reference` names, or why there is none (DENIED). Empty: an empty secret."""
    kind, _, rest = reference.partition(":")
    if not reference:
        return Secret("")
    if kind == "env":
        return _environment(rest)
    if kind == "file":
        return await asyncio.to_thread(_file, Path(rest))
    if kind == "command":
        return await _command(rest)
    if kind == "keyring":
        return await asyncio.to_thread(_keyring, rest)
    return _denied("a secret is given as env:, file:, command: or keyring:")


def _denied(sentence: str) -> Failure:
    return Failure(FailureKind.DENIED, sentence)


def _environment(name: str) -> Secret | Failure:
    value = os.environ.get(name)
    return Secret(value) if value is not None else _denied(f"the environment variable {name} is not set")


def _file(file: Path) -> Secret | Failure:
    try:
        with file.open(encoding="utf-8") as handle:
            if stat.S_IMODE(os.fstat(handle.fileno()).st_mode) & 0o077:
                return _denied(f"{file} may be read by others: chmod 600 it")
            return Secret(handle.read(LIMIT).rstrip("\r\n"))
    except UnicodeDecodeError:
        return _denied(f"{file} is not UTF-8")
    except OSError as error:
        return _denied(f"the secret file {file} cannot be read: {error.strerror}")


async def _command(line: str) -> Secret | Failure:
    try:
        words = shlex.split(line)
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, ValueError, IndexError) as error:
        return _denied(f"the secret's program cannot be run: {getattr(error, 'strerror', None) or error}")
    try:
        async with asyncio.timeout(DEADLINE):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return _denied(f"{words[0]} gave no secret within {DEADLINE:g}s")
    if process.returncode:
        return _denied(f"{words[0]} ended with status {process.returncode} and gave no secret")
    return Secret(output.decode("utf-8", "replace").rstrip("\r\n"))


def _keyring(name: str) -> Secret | Failure:
    service, _, user = name.rpartition("/")
    try:
        import keyring
    except ImportError:
        return _denied("keyring: needs the package keyring: pip install 'saitotui[keyring]'")
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # each key ring has errors of its own
        return _denied(f"the key ring gives no secret: {type(error).__name__}")
    return Secret(value) if value is not None else _denied(f"the key ring has no {user} for {service}")
