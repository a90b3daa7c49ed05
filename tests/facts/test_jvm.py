"""What a JVM says of itself, as recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from saitotui.facts import jvm
from saitotui.model.command import Answer, Unparsable

FOLDER = Path(__file__).parents[1] / "recordings" / "application"


def recorded(name: str) -> Answer:
    return Answer((FOLDER / name).read_text("utf-8"), 200)


def test_its_process() -> None:
    assert jvm.pid(recorded("manager-vminfo-tc1.txt")) > 1
    with pytest.raises(Unparsable, match="does not name its process"):
        jvm.pid(Answer("FAIL - Unknown command [/vminfo]", 200))


def test_its_threads() -> None:
    all_of_them, run = jvm.threads(recorded("manager-threaddump-tc1.txt"))
    assert 10 < all_of_them < 200
    assert 0 < run < all_of_them
    for text in ("", "FAIL - Unknown command", "OK - JVM thread dump\n"):
        with pytest.raises(Unparsable, match="no thread dump"):
            jvm.threads(Answer(text, 200))


def test_its_heap() -> None:
    found = jvm.histogram(Answer((FOLDER / "jcmd-class-histogram.txt").read_text("utf-8")))
    assert found.classes[0] == jvm.Class("[I", 8391767, 544648832)
    assert found.objects == 8414635
    assert found.bytes >= sum(one.bytes for one in found.classes)
    assert (
        found.worded(2) == "624.8 MiB in 8414635 objects; most: 519.4 MiB [I, 104.5 MiB [Ljava.lang.Object;"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jcmd: command not found",
        "23493:\njava.lang.IllegalArgumentException: Unknown diagnostic command",
        "23493:\n num     #instances         #bytes  class name\n   1:       8390648      559721672  [I\n",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(Unparsable, match="no histogram of a heap"):
        jvm.histogram(Answer(text))
