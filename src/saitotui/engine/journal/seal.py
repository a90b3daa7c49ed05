"""Seals: signatures over the chain with the engineer's own SSH key (OpenSSH's PROTOCOL.sshsig).

Plain `ssh-keygen -Y verify -n saitotui-journal` checks one: what is signed is the hash of the entry before.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from saitotui.engine.journal.entry import SEAL, Entry, JournalError
from saitotui.engine.journal.file import Journal

NAMESPACE = "saitotui-journal"
DEADLINE = 10.0
"""Seconds that signing or checking one may take (an agent may ask its owner)."""


def sign(text: str, key: Path, namespace: str = NAMESPACE) -> str:
    """An armoured signature of `text`. `key` is a private key file, or a public one whose private half the
    SSH agent holds. JournalError with a sentence when it cannot be made."""
    command = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace, "-f", str(key)]
    done = _run(command, text)
    if done.returncode:
        raise JournalError(f"cannot sign with {key}: {done.stderr.strip() or 'ssh-keygen failed'}")
    return done.stdout


def check(text: str, signature: str, signer: str, allowed: Path, namespace: str = NAMESPACE) -> str:
    """Why `signature` is not `signer`'s over `text`, by an allowed_signers file; '' when it is."""
    with tempfile.NamedTemporaryFile("w", suffix=".sig") as file:
        file.write(signature)
        file.flush()
        command = ["ssh-keygen", "-Y", "verify", "-n", namespace, "-f", str(allowed), "-I", signer]
        done = _run([*command, "-s", file.name], text)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip().splitlines()[-1]


def seal(journal: Journal, key: Path) -> Entry:
    """Signs the journal as it stands, in an entry of its own."""
    head = journal.head
    body = {"seq": head.seq, "hash": head.hash, "signature": sign(head.hash, key), "key": public(key)}
    return journal.append(SEAL, body)


def check_seal(entry: Entry, allowed: Path) -> str:
    """Why the signature in a seal is not that of its actor, by an allowed_signers file; '' when it is."""
    return check(str(entry.body.get("hash")), str(entry.body.get("signature")), entry.actor, allowed)


def public(key: Path) -> str:
    """The public half of `key`: `ssh-ed25519 AAAA...`."""
    file = key if key.suffix == ".pub" else key.with_name(key.name + ".pub")
    try:
        return " ".join(file.read_text(encoding="utf-8").split()[:2])
    except OSError as error:
        raise JournalError(f"the public key {file} cannot be read: {error.strerror}") from None


def _run(command: list[str], text: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise JournalError(f"{command[0]} cannot be used: {error}") from None
