"""Whatever a pair answers, it becomes a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitotui.model.command import FailureKind
from saitotui.model.health import Health

Make = Callable[..., Any]

JUNK = st.sampled_from(
    [
        "",
        "\x1b[2J",
        "[/x]",
        "\x00",
        "9" * 30,
        "Primary",
        "StandAlone",
        "dead",
        "st9",
        "\n",
        "\u202e",
        "::",
        "-1",
    ]
)


@pytest.mark.parametrize(
    "state", ["drbd-resync-in-progress", "splitbrain-2-reconnected-standalone", "pcmk-stopped-on-st1"]
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_answers_become_a_picture(scene: Make, state: str, data: st.DataObject) -> None:
    made = scene(state)
    for _ in range(data.draw(st.integers(1, 5))):
        key = data.draw(st.sampled_from(sorted(made.answers)))
        _, node, what = key.split("/")
        if data.draw(st.integers(0, 3)) == 0:
            made.fail(node, what, data.draw(st.sampled_from(list(FailureKind))))
            continue
        text = getattr(made.answers[key], "text", "")
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 60)))
        made.say(
            node, what, text[:start] + data.draw(JUNK) + text[end:], data.draw(st.sampled_from([0, 1, 75]))
        )
    picture = made.picture()
    assert picture.headline
    assert "\x1b" not in repr(picture)
    subjects = [(finding.code, finding.subject) for finding in picture.findings]
    assert len(subjects) == len(set(subjects))
    ids = [node.id for node in picture.nodes]
    assert len(ids) == len(set(ids)) == 3
    for node in picture.nodes[:2]:
        assert node.role or node.health > Health.OK, "a node without a role is never well"
    assert all(len(row.cells) == len(table.columns) for table in picture.tables for row in table.rows)
