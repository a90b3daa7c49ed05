"""Whether a host still has the files that the profile says: by the templates that the runbooks write.

What a runbook writes is judged where at least one of its files bears the mark: what does not was made by
somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from saitotui.clients.quoting import shell
from saitotui.configs import MARK, ConfigFile, difference, shown
from saitotui.configs.platform import files
from saitotui.model.command import Answer, Client, Command, Question, Unparsable
from saitotui.model.finding import Finding
from saitotui.model.profile import Profile
from saitotui.model.text import clean, one_line
from saitotui.tiers.hosts.situations import CONFIG_DRIFT

EVERY = 60.0
"""Seconds between two looks at what only people change."""
SHOWN = 6
"""Lines of a difference that are shown."""
_NEXT, _CLOSED = "#saitotui-file", "#saitotui-closed"

Drift = Mapping[str, Sequence[str]]
"""The lines that differ, by path; a file that is not there has one that says so."""


def ask(profile: Profile, subject: Callable[[str], str]) -> Mapping[str, Question[Drift]]:
    """A question for each host that the profile has files for."""
    return {
        host: Question(
            f"hosts/{host}/files",
            subject(host),
            Command(Client.SSH, host, _text(several)),
            lambda answer, several=several: _drift(answer, several),  # type: ignore[misc]
            EVERY,
            8.0,
        )
        for host, several in files(profile).items()
    }


def _text(several: Sequence[Sequence[ConfigFile]]) -> str:
    parts = []
    for file in chain.from_iterable(several):
        path = shell(file.path)
        parts.append(
            f"echo; echo {shell(_NEXT)}; if [ -r {path} ]; then {shown(file)}; "
            f"elif [ -e {path} ]; then echo {shell(_CLOSED)}; fi"
        )
    return "; ".join([*parts, "true"])


def _drift(answer: Answer, several: Sequence[Sequence[ConfigFile]]) -> Drift:
    """Reads what was printed. Files that this console may not read are left out."""
    _, *texts = f"\n{clean(answer.text, limit=1 << 20)}".split(f"\n{_NEXT}\n")
    wanted = sum(len(together) for together in several)
    if len(texts) != wanted:
        raise Unparsable(f"{len(texts)} files were shown, not {wanted}")
    found: dict[str, Sequence[str]] = {}
    printed = iter(texts)
    for together in several:
        own = [(file, next(printed)) for file in together]
        if any(MARK in text for _, text in own):
            found |= {file.path: lines for file, text in own if (lines := _unlike(file, text))}
    return found


def _unlike(file: ConfigFile, text: str) -> Sequence[str]:
    if text.strip() == _CLOSED:
        return ()
    return difference(text, file) if text.strip() else ["it is not there"]


def findings(host: str, subject: str, drift: Drift) -> Iterator[Finding]:
    if not drift:
        return
    names = ", ".join(drift)
    word = "is" if len(drift) == 1 else "are"
    told = [
        f"{path}: {one_line('; '.join(lines[:SHOWN]), limit=300)}"
        + (f"; {len(lines) - SHOWN} lines more" if len(lines) > SHOWN else "")
        for path, lines in drift.items()
    ]
    yield CONFIG_DRIFT.found(subject, f"{names} on {host} {word} not as the profile wants it", *told)
