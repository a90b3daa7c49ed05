"""The parts that screens are drawn with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment

from saitotui.model.health import Health
from saitotui.model.profile import Environment, Host, Profile
from saitotui.model.topology import Cell, Edge, Node, Row, Table
from saitotui.ui import ssh
from saitotui.ui.ages import age, clock, header_clock, reading_age
from saitotui.ui.diff import cells, changed
from saitotui.ui.draw.layers import groups_of, ranked
from saitotui.ui.draw.map import draw_map
from saitotui.ui.draw.room import Room
from saitotui.ui.draw.spark import amount, spark
from saitotui.ui.draw.table import shrink, table_lines
from saitotui.ui.environment import wants_ascii, wants_color
from saitotui.ui.grid import targets_of
from saitotui.ui.line import BLANK, Line, Look, Span, heading, only
from saitotui.ui.paint import ASCII, Paint, as_text

UTF8 = {"LANG": "de_DE.UTF-8", "TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environment", "ascii_only"),
    [
        (UTF8, False),
        ({**UTF8, "TERM": "linux"}, True),
        ({**UTF8, "TERM": "vt220"}, True),
        ({**UTF8, "TERM": "dumb"}, True),
        ({**UTF8, "LANG": "C"}, True),
        ({**UTF8, "LC_ALL": "C"}, True),
        ({**UTF8, "LANG": "C", "LC_CTYPE": "C.utf8"}, False),
        ({}, True),
    ],
)
def test_ascii_where_the_terminal_has_no_more(environment: dict[str, str], ascii_only: bool) -> None:
    assert wants_ascii(environment) is ascii_only


def test_no_color_counts_when_it_is_not_empty() -> None:
    assert wants_color(UTF8)
    assert wants_color({**UTF8, "NO_COLOR": ""})
    assert not wants_color({**UTF8, "NO_COLOR": "1"})
    assert not wants_color({"TERM": "vt220"})


def test_without_colour_every_state_still_looks_different() -> None:
    paint = Paint(color=False)
    assert all(paint.style(look).color is None for look in Look)
    assert paint.style(Look.CRIT).reverse


def test_a_colour_that_does_not_exist_is_replaced() -> None:
    style = Paint(environment=Environment("staging", "no-such-colour")).style(Look.ENVIRONMENT)
    assert style.color is not None
    assert style.color.name == "yellow"


def test_ascii_stands_for_one_cell_each() -> None:
    assert all(len(chr(int(key))) == len(str(value)) == 1 for key, value in ASCII.items())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "<1m"), (59.9, "<1m"), (60, "1m"), (3599, "59m"), (3600, "1h00m"), (90_000, "1d01h")],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_times() -> None:
    assert reading_age(3) == "<10s"
    assert reading_age(47) == "40s"
    assert clock(1e30) == "23:59:59Z"
    assert clock(-5) == "00:00:00Z"
    assert header_clock(0, None).startswith("00:00Z")


segments = st.lists(st.text(alphabet="ab 漢字", min_size=1, max_size=6).map(Segment), min_size=1, max_size=6)


@settings(deadline=None)
@given(segments, segments)
def test_changes_put_together_are_the_new_row(old: list[Segment], new: list[Segment]) -> None:
    """A terminal that shows `old` and gets the changed ranges shows `new`."""
    before, after = cells(old), cells(new)
    before = (before + [("\0", None)] * len(after))[: len(after)]
    for start, end in changed(old, new):
        assert after[start][0] != ""
        assert end == len(after) or after[end][0] != ""
        before[start:end] = after[start:end]
    assert before == after


def test_equal_rows_change_nothing() -> None:
    row = [Segment("abc")]
    assert changed(row, [Segment("abc")]) == []


def laid(width: int, *cells: str | Cell) -> list[str]:
    made = tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)
    table = Table("t", "T", tuple(f"title{n}" for n in range(len(made))), (Row("k", made),))
    return as_text(table_lines(table, Room(width, 20, 0.0))).splitlines()


def test_tables_leave_out_columns_before_they_cut_what_matters() -> None:
    wide = laid(80, "name", "", "x" * 20, Cell("no quorum", Health.CRIT))
    assert "title1" not in "".join(wide), "an empty column says nothing"
    assert "✗ no quorum" in wide[2]
    narrow = laid(30, "name", "y" * 18, "z" * 18, Cell("no quorum", Health.CRIT))
    assert "✗ no quorum" in narrow[2]
    assert "Enter:" in narrow[0]
    assert all(len(line) <= 30 for line in narrow)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.integers(0, 200))
def test_shrink_never_goes_below_least(widths: list[int], room: int) -> None:
    least = [min(6, width) for width in widths]
    left = shrink(widths, room, least)
    assert all(low <= new <= old for new, old, low in zip(left, widths, least, strict=True))
    assert sum(left) <= max(room, sum(least))


def test_sparks() -> None:
    assert spark([0, 1, 2, None], 6) == "  ▁▅█╌"
    assert spark([100, 110], 2) == "▅█"
    assert spark([5, 5], 2) == "▅▅"
    assert spark([0, 0], 2) == "▁▁"
    assert spark([], 3) == "   "
    assert amount(None, "s") == "unknown"
    assert amount(0.416, "s") == "0.42 s"
    assert amount(1480.4, "") == "1480"


def test_headings_go_when_nothing_is_left_under_them() -> None:
    lines = [heading("A", 20), Line((Span("x"),), health=Health.OK), heading("B", 20), Line((Span("y"),))]
    assert as_text(only(lines, wrong=False, words="y")).splitlines()[0].startswith("── B")
    assert only(lines, wrong=True, words="") == ()


def test_neighbouring_lines_of_one_key_are_one_target() -> None:
    lines = [Line((Span("a"),), key="k"), Line((Span("b"),), key="k"), BLANK, Line((Span("c"),), key="k")]
    assert [(t.first, t.last) for t in targets_of(lines)] == [(0, 1), (3, 3)]


def node(name: str, kind: str, health: Health = Health.OK) -> Node:
    return Node(name, "t", kind, health)


def test_the_main_path_of_the_traffic_stays_in_one_piece() -> None:
    nodes = [node("n", "nfs"), node("d", "db"), node("l", "lb"), node("t", "tomcat"), node("x", "alone")]
    edges = [Edge(a, b, "e", Health.OK) for a, b in (("t", "n"), ("t", "l"), ("l", "d"))]
    assert [group.title for group in ranked(groups_of(nodes, 9), edges)] == [
        "tomcat",
        "lb",
        "db",
        "nfs",
        "alone",
    ]


def test_a_circle_of_links_is_drawn_too() -> None:
    nodes = [node("a", "one"), node("b", "two")]
    edges = [Edge("a", "b", "e", Health.OK), Edge("b", "a", "e", Health.OK)]
    assert "one" in as_text(draw_map(nodes, edges, Room(80, 24, 0.0), fold=6, limit=20))


def test_a_big_group_shows_what_is_not_well_and_counts_the_rest() -> None:
    nodes = [node(f"h{n}", "host") for n in range(40)] + [node("bad", "host", Health.CRIT)]
    text = as_text(draw_map(nodes, [], Room(80, 24, 0.0), fold=6, limit=20))
    assert "✗ bad CRIT" in text
    assert "● 40 OK" in text
    worse = [node(f"h{n}", "host", Health.CRIT) for n in range(40)]
    assert "✗ 40 CRIT" in as_text(draw_map(worse, [], Room(80, 24, 0.0), fold=6, limit=20))


def test_links_show_their_direction() -> None:
    nodes = [node("db1", "db"), node("db2", "db")]
    ahead = as_text(
        draw_map(nodes, [Edge("db1", "db2", "repl", Health.OK)], Room(80, 24, 0), fold=6, limit=9)
    )
    assert "db1 OK ─" in ahead
    assert "▶ ● db2" in ahead
    turned = as_text(
        draw_map(nodes, [Edge("db2", "db1", "repl", Health.OK)], Room(80, 24, 0), fold=6, limit=9)
    )
    assert turned.index("db2") < turned.index("▶") < turned.index("db1")


def profile(**hosts: Host) -> Profile:
    return Profile("p", hosts)


def test_ssh_configuration(tmp_path: Path) -> None:
    text = ssh.config(
        profile(
            bastion=Host("10.0.0.1", host_key="ssh-ed25519 AAAAC3Nz comment"),
            db1=Host(
                "10.0.0.2", port=2222, user="root", jump="bastion", identity="/k/id", known_hosts="/k/known"
            ),
        ),
        tmp_path,
    )
    assert "Host db1\n  HostName 10.0.0.2\n  StrictHostKeyChecking yes\n  Port 2222\n  User root\n" in text
    assert "ProxyJump bastion" in text
    assert 'UserKnownHostsFile "/k/known"' in text
    assert "HostKeyAlias bastion" in text
    assert (tmp_path / "known_hosts").read_text() == "bastion ssh-ed25519 AAAAC3Nz\n"


@pytest.mark.parametrize("address", ["a b", "a\nProxyCommand evil", "-oProxyCommand=x", ""])
def test_ssh_configuration_refuses_what_would_be_more_than_a_word(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        ssh.config(profile(x=Host(address)), tmp_path)
