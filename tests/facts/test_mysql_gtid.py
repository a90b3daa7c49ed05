"""Arithmetic of GTIDs, against sets of plain numbers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitotui.facts import mysql_gtid
from saitotui.facts.mysql_gtid import Gtid, GtidSet, mariadb, mariadb_behind, mariadb_foreign, mysql
from saitotui.model.command import Unparsable

A = "0e1f9208-e753-11f1-9802-02fc00000001"
B = "10477d14-e753-11f1-85a7-02fc00000001"

Members = dict[str, frozenset[int]]
numbers = st.frozensets(st.integers(1, 60), max_size=30)
members = st.fixed_dictionaries({A: numbers, B: numbers, f"{A}:tag": numbers})


def text_of(every: Members) -> str:
    """A GTID set, one interval a number, in any order and with the line breaks that servers make."""
    return ",\n".join(f"{source}:{number}" for source, found in every.items() for number in sorted(found))


def members_of(found: GtidSet) -> Members:
    return {
        source: frozenset(n for first, last in intervals for n in range(first, last + 1))
        for source, intervals in found.sources.items()
    }


def without_empty(every: Members) -> Members:
    return {source: found for source, found in every.items() if found}


@given(members)
def test_a_set_is_read_and_written(every: Members) -> None:
    found = mysql(text_of(every))
    assert members_of(found) == without_empty(every)
    assert mysql(str(found)) == found
    assert found.count == sum(len(one) for one in every.values())
    assert bool(found) == any(every.values())


@given(members)
def test_intervals_are_merged(every: Members) -> None:
    for intervals in mysql(text_of(every)).sources.values():
        assert all(last + 1 < first for (_, last), (first, _) in pairwise(intervals))


@given(members, members)
def test_subtraction_is_that_of_sets(one: Members, other: Members) -> None:
    left = mysql(text_of(one)) - mysql(text_of(other))
    assert members_of(left) == without_empty({source: one[source] - other[source] for source in one})


@given(members)
def test_a_set_without_a_writer(every: Members) -> None:
    assert members_of(mysql(text_of(every)).without(A)) == without_empty({B: every[B]})


def test_sets_as_servers_write_them() -> None:
    found = mysql(f"{A.upper()}:1-3:11:47-49,\n{B}:1-19:55, {B}:tag_1:5-6")
    assert found.count == 3 + 1 + 3 + 19 + 1 + 2
    assert str(found) == f"{A}:1-3:11:47-49,{B}:1-19:55,{B}:tag_1:5-6"
    assert str(mysql(f"{A}:1-5:tag:7-9")) == f"{A}:1-5,{A}:tag:7-9"
    assert not mysql("")
    assert not mysql(" \n")


def test_counts_beyond_a_machine_word() -> None:
    """9223372036854775806 is the largest transaction number; two writers exceed what `len` can say."""
    most = 2**63 - 2
    assert mysql(f"{A}:1-{most},{B}:1-{most}").count == 2 * most


@pytest.mark.parametrize(
    "text",
    [
        "x",
        A,
        f"{A}:",
        f"{A}:0",
        f"{A}:5-3",
        f"{A}:1-",
        f"{A}:1--2",
        f"{A}:Ü",
        f"{A} 1-2 ;",
        "0-1-5",
        f"{A}:-5",
    ],
)
def test_what_is_no_set(text: str) -> None:
    with pytest.raises(Unparsable):
        mysql(text)


@pytest.mark.parametrize("text", ["1-2", "a-b-c", "0-1-", "0-1-5-6", f"{A}:1", "0-1-5;0-1-6", "-1-1-1"])
def test_what_is_no_mariadb_gtid(text: str) -> None:
    with pytest.raises(Unparsable):
        mariadb(text)


def test_too_many_are_refused() -> None:
    with pytest.raises(Unparsable):
        mariadb(",".join(["0-1-1"] * (mysql_gtid.MOST + 1)))
    with pytest.raises(Unparsable):
        mysql(A + ":1" * (mysql_gtid.MOST + 1))


gtids = st.lists(st.builds(Gtid, st.integers(0, 3), st.integers(1, 4), st.integers(1, 1000)), max_size=12)


@given(gtids)
def test_a_list_is_read_and_written(ids: list[Gtid]) -> None:
    assert mariadb(", ".join(str(gtid) for gtid in ids)) == tuple(ids)


@given(gtids, gtids)
def test_behind_is_zero_only_for_who_has_all(ahead: list[Gtid], behind: list[Gtid]) -> None:
    gap = mariadb_behind(ahead, behind)
    assert gap >= 0
    assert mariadb_behind(ahead, [*ahead, *behind]) == 0
    last, reached = mysql_gtid.last_of_domain(ahead), mysql_gtid.last_of_domain(behind)
    assert (gap == 0) == all(reached.get(domain, 0) >= number for domain, number in last.items())


@given(gtids, gtids, st.integers(1, 4))
def test_foreign_is_what_nobody_but_the_writer_explains(
    own: list[Gtid], known: list[Gtid], writer: int
) -> None:
    found = mariadb_foreign(own, known, writer)
    assert set(found) <= set(own)
    assert all(gtid.server != writer for gtid in found)
    assert mariadb_foreign(own, [*own, *known], writer) == ()
    for gtid in set(own) - set(found):
        seen = [k for k in known if (k.domain, k.server) == (gtid.domain, gtid.server)]
        assert gtid.server == writer or any(k.sequence >= gtid.sequence for k in seen)


def test_the_recorded_split_brain() -> None:
    """Both servers wrote a transaction 416713 of domain 0."""
    db1, db2 = mariadb("0-2-412960,0-1-416713"), mariadb("0-1-416712,0-2-416713")
    assert [str(gtid) for gtid in mariadb_foreign(db2, db1, writer=1)] == ["0-2-416713"]
    assert mariadb_behind(mariadb("0-1-416715"), mariadb("0-1-416712")) == 3
