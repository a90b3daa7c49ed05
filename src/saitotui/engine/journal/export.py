"""The journal for people: lines, and a timeline for the postmortem in Markdown, HTML or JSON."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict

from saitotui.engine.journal.entry import SEAL, TORN, Entry
from saitotui.model.text import one_line

_GISTS = {
    "run-begin": "{runbook} begins, because: {why}",
    "plan": "{title}: {summary}",
    "preflight": "{grade}: {check}: {measured}",
    "intent": "{step}: on {target}: {text}",
    "result": "after {cost} s: {text}",
    "verdict": "{outcome}: {step}: {why}",
    "window": "{stage} took {seconds} s",
    "stage": "stage {number}: {title}",
    "run-end": "{outcome}: {sentence}",
    "control": "{who} {what}",
    "arm": "armed for {seconds} s, because: {why}",
    "disarm": "read-only again: {why}",
    "evidence": "{answers} answers, {failures} without, in {file}, SHA-256 {sha256}",
    "approval": "approved run {run}, digest {digest}",
    SEAL: "signed up to entry {seq}",
    TORN: "a half-written line before this one is kept",
}
"""What an entry of each kind says; other kinds are shown as they are."""


class _Body(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "?"


def gist(entry: Entry) -> str:
    """What an entry says, in one line."""
    form = _GISTS.get(entry.kind)
    said = form.format_map(_Body(entry.body)) if form else json.dumps(entry.body, ensure_ascii=False)
    return one_line(said, limit=500)


def line(entry: Entry) -> str:
    """`seq time actor run kind: gist`."""
    moment = entry.at[:19] + "Z"
    return f"{entry.seq:6} {moment} {entry.actor} {entry.run or '-':4} {entry.kind}: {gist(entry)}"


def export(entries: Sequence[Entry], form: str) -> str:
    """The entries as `md`, `html` or `json`."""
    if form == "json":
        return json.dumps([asdict(entry) for entry in entries], ensure_ascii=False, indent=1) + "\n"
    return _html(entries) if form == "html" else _markdown(entries)


def _markdown(entries: Sequence[Entry]) -> str:
    head = ["# Timeline", "", "| time (UTC) | who | run | what | |", "| --- | --- | --- | --- | --- |"]
    rows = [f"| {e.at[:19]}Z | {_cell(e.actor)} | {e.run} | {e.kind} | {_cell(gist(e))} |" for e in entries]
    end = f"\n{len(entries)} entries; the last has the hash `{entries[-1].hash}`.\n" if entries else "\n"
    return "\n".join([*head, *rows]) + "\n" + end


def _cell(text: str) -> str:
    """Text that no Markdown reader takes for markup."""
    return "".join(f"\\{c}" if c in "\\|`*_<>[]#" else c for c in text)


def _html(entries: Sequence[Entry]) -> str:
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(part)}</td>" for part in _parts(entry)) + "</tr>"
        for entry in entries
    )
    style = "body{font:14px sans-serif}td{padding:2px 8px;vertical-align:top;border-top:1px solid #ccc}"
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Timeline</title>\n'
        f"<style>{style}</style>\n"
        "<h1>Timeline</h1>\n<table>\n"
        "<tr><th>time (UTC)</th><th>who</th><th>run</th><th>what</th><th></th></tr>\n"
        f"{rows}\n</table>\n</html>\n"
    )


def _parts(entry: Entry) -> tuple[str, ...]:
    return (f"{entry.at[:19]}Z", entry.actor, entry.run, entry.kind, gist(entry))
