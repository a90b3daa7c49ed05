"""Witnesses: hosts that keep a copy of the journal's head, so that a journal rewritten as a whole shows."""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.clients.quoting import shell
from saitotui.engine.journal.file import Journal
from saitotui.engine.journal.verify import Noted, noted
from saitotui.engine.poll import Asker
from saitotui.model.command import Client, Command, Danger, Failure
from saitotui.model.profile import Profile

DEADLINE = 5.0


def _file(profile: Profile) -> str:
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in profile.name)
    return f".saitotui-witness-{name}"


async def note_heads(asker: Asker, profile: Profile, journal: Journal) -> Mapping[str, str]:
    """Appends the head to each witness's file; why it could not be, by host."""
    head = journal.head
    text = f"umask 077; printf '%s %s\\n' {head.seq} {head.hash} >> ~/{shell(_file(profile))}"
    failed: dict[str, str] = {}
    for host in profile.acting.witnesses:
        command = Command(Client.SSH, host, text, danger=Danger.REVERSIBLE)
        answer = (await asker.ask([command], DEADLINE))[0]
        if isinstance(answer, Failure):
            failed[host] = answer.sentence
        elif answer.status:
            failed[host] = answer.text.strip()[:200]
    return failed


async def read_heads(asker: Asker, profile: Profile) -> tuple[list[Noted], Mapping[str, str]]:
    """The heads that witnesses noted, and why some could not be asked, by host."""
    heads: list[Noted] = []
    failed: dict[str, str] = {}
    for host in profile.acting.witnesses:
        command = Command(Client.SSH, host, f"cat ~/{shell(_file(profile))}")
        answer = (await asker.ask([command], DEADLINE))[0]
        if isinstance(answer, Failure):
            failed[host] = answer.sentence
        elif answer.status:
            failed[host] = answer.text.strip()[:200]
        else:
            try:
                heads += noted(f"witness {host}", answer.text)
            except ValueError as error:
                failed[host] = str(error)
    return heads, failed
