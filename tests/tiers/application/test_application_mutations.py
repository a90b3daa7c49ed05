"""Whatever nginx, Tomcat and a journey answer, it becomes a picture."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitotui.model.command import Answer, Failure, FailureKind

PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["\x1b[2J", "[/x]", "##", "-1", "9" * 30, "\n", ":stopped:", "\nName: ", "true", "502"]),
)
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 1000),
        st.one_of(
            st.tuples(st.integers(0, 5000), st.integers(0, 60), PIECES),
            st.sampled_from(list(FailureKind)),
            st.sampled_from([0, 1, 200, 401, 500]),
            st.none(),
        ),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_mutated_answers_become_a_picture(scene: Any, changes: list[tuple[int, Any]]) -> None:
    made = copy(scene)
    made.answers = dict(scene.answers)
    keys = sorted(made.answers)
    for place, change in changes:
        key = keys[place % len(keys)]
        changed = _changed(made.answers.get(key), change)
        if changed is None:
            made.answers.pop(key, None)
        else:
            made.answers[key] = changed
    drawn = made.picture()
    assert drawn.headline
    assert "\x1b" not in repr(drawn)
    subjects = [(finding.code, finding.subject) for finding in drawn.findings]
    assert len(subjects) == len(set(subjects))
    ids = [node.id for node in drawn.nodes]
    assert len(ids) == len(set(ids))
    for table in drawn.tables:
        assert all(len(row.cells) == len(table.columns) for row in table.rows)
        assert len({row.key for row in table.rows}) == len(table.rows)


def _changed(answer: Answer | Failure | None, change: Any) -> Answer | Failure | None:
    if isinstance(change, FailureKind):
        return Failure(change, "something went wrong")
    if not isinstance(answer, Answer) or change is None:
        return None
    if isinstance(change, int):
        return replace(answer, status=change)
    start, length, piece = change
    at = start % (len(answer.text) + 1)
    return replace(answer, text=answer.text[:at] + piece + answer.text[at + length :])
