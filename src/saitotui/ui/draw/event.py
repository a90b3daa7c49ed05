"""One problem of Zabbix, by its event id: what an alert on a pager names."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest

from saitotui.model.picture import Picture
from saitotui.model.topology import Row, Table
from saitotui.tiers.monitoring.tables import EVENT
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.words import labelled
from saitotui.ui.line import BLANK, Line, Look, Page, Span, heading, paragraph


def event_of(subject: str) -> str:
    """The event id that a key (`event 12345`) names; ''."""
    word, _, number = subject.partition(" ")
    return number if word == EVENT else ""


def event_page(number: str, picture: Picture, room: Room, about: Callable[[str], Page]) -> Page:
    """The problem, what helps, and the page of the host that it is about (`about` draws that)."""
    found = _row(picture, number)
    title = heading(f"Event {number}", room.width, note="a problem of Zabbix")
    if found is None:
        said = f"Zabbix lists no open problem {number}: it is over, is hidden from us, or has not come"
        return Page((title, *paragraph(said, room.width)))
    table, row = found
    lines = [title]
    for column, cell in zip_longest(table.columns, row.cells):
        if column != EVENT and cell is not None and cell.text not in ("", "-"):
            lines += labelled(
                str(column), cell.text, room.width, Look.STRONG if column == "problem" else Look.PLAIN
            )
    key = f"runbook answer-problem event={number}"
    lines.append(
        Line(
            (Span(" » ", Look.KEY), Span("answer-problem", Look.STRONG), Span("  say that you have it")), key
        )
    )
    node = picture.node(row.key)
    here = [one for one in picture.nodes if node is not None and node.host and one.host == node.host]
    for one in here:
        if one.id != row.key:
            lines.append(
                Line((Span(" » ", Look.KEY), Span(f"{one.id:<15}"), Span(one.summary, Look.DIM)), one.id)
            )
    return Page((*lines, BLANK, *about(row.key).main))


def _row(picture: Picture, number: str) -> tuple[Table, Row] | None:
    for table in _tables(picture):
        column = table.columns.index(EVENT)
        for row in table.rows:
            if len(row.cells) > column and row.cells[column].text == number:
                return table, row
    return None


def _tables(picture: Picture) -> list[Table]:
    return [table for tier in picture.tiers for table in tier.tables if EVENT in table.columns]
