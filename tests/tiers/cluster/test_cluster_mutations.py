"""Whatever a cluster answers, it becomes a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitotui.model.command import Answer

Make = Callable[..., Any]

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["offline", "online", "\x1b[2J", "[/x]", "unknown", 0, 1, -1, "0", "pve9", [], {}]),
)


@pytest.mark.parametrize("state", ["online", "offline_fenced", "maintenance"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 100_000), VALUES), min_size=1, max_size=6))
def test_mutated_answers_become_a_picture(scene: Make, state: str, changes: list[tuple[int, Any]]) -> None:
    made = scene(state)
    keys = sorted(key for key, answer in made.answers.items() if answer.data is not None)
    for place, value in changes:
        key = keys[place % len(keys)]
        data = json.loads(json.dumps(made.answers[key].data))
        slots: list[tuple[Any, Any]] = []
        _collect(data, slots)
        holder, name = slots[place % len(slots)]
        holder[name] = value
        made.answers[key] = Answer(data=data)
    picture = made.picture()
    assert picture.headline
    assert "\x1b" not in repr(picture)
    subjects = [(finding.code, finding.subject) for finding in picture.findings]
    assert len(subjects) == len(set(subjects))
    ids = [node.id for node in picture.nodes]
    assert len(ids) == len(set(ids))


def _collect(value: Any, slots: list[tuple[Any, Any]]) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        slots.append((value, key))
        _collect(inner, slots)
