"""Full collections wait for a moment without keys, but not for ever."""

from __future__ import annotations

from saitotui.ui.tidy import CALM, EVERY, LATEST, Tidy


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nobody_types() -> None:
    clock, done = Clock(), list[float]()
    tidy = Tidy(lambda: done.append(clock.now), clock)
    for second in range(1, 100):
        clock.now = float(second)
        tidy.rest()
    assert done == [EVERY, 2 * EVERY, 3 * EVERY]


def test_somebody_types_all_the_time() -> None:
    clock, done = Clock(), list[float]()
    tidy = Tidy(lambda: done.append(clock.now), clock)
    for second in range(1, int(LATEST) + 2):
        clock.now = float(second)
        tidy.typed()
        tidy.rest()
    assert done == [LATEST]


def test_it_waits_until_the_keys_are_still() -> None:
    clock, done = Clock(), list[float]()
    tidy = Tidy(lambda: done.append(clock.now), clock)
    clock.now = EVERY
    tidy.typed()
    tidy.rest()
    clock.now = EVERY + CALM
    tidy.rest()
    assert done == [EVERY + CALM]
