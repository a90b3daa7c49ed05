"""Recent values as a small graph, one line a series."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from math import isfinite

from saitotui.model.health import Health
from saitotui.model.picture import Picture
from saitotui.model.topology import Sample
from saitotui.ui.draw.room import Room
from saitotui.ui.line import Line, Look, Span, fit, width_of

BARS = "▁▂▃▄▅▆▇█"
GAP = "╌"


def spark(values: Sequence[float | None], width: int) -> str:
    """The newest `width` values, oldest first; unknown ones are a gap. The graph stands on nought unless the
    values keep well above it: then on a little less than the least of them."""
    shown = [value if value is not None and isfinite(value) else None for value in values[-width:]]
    known = [value for value in shown if value is not None]
    top, least = max(known, default=0.0), min(known, default=0.0)
    floor = 2 * least - top if 0 < top < 2 * least else 0.0
    bars = "".join(_bar(value, floor, top) for value in shown)
    return " " * (width - len(bars)) + bars


def _bar(value: float | None, floor: float, top: float) -> str:
    if value is None:
        return GAP
    if 0 < top <= floor:
        return BARS[len(BARS) // 2]
    if value <= floor or top <= 0:
        return BARS[0]
    return BARS[min(len(BARS) - 1, int((value - floor) / (top - floor) * (len(BARS) - 1) + 0.5))]


def amount(value: float | None, unit: str) -> str:
    """Three figures are enough: `0.42 s`, `12.3 MiB/s`, `1480`."""
    if value is None or not isfinite(value):
        return "unknown"
    size = abs(value)
    text = f"{value:.0f}" if size >= 100 or value == int(value) else f"{value:.1f}"
    if 0 < size < 1:
        text = f"{value:.2f}"
    return f"{text} {unit}".rstrip()


def spark_rows(picture: Picture, tier: str, names: Sequence[str], room: Room) -> list[Line]:
    """The series of `tier` that one of `names` is the pattern of (all when there are none)."""
    found = picture.tier(tier)
    samples = [
        one
        for one in (found.samples if found else ())
        if not names or any(fnmatchcase(one.name, name) for name in names)
    ]
    if not samples:
        return []
    titles = min(30, max(width_of(sample.title) for sample in samples))
    graph = max(8, min(60, room.width - titles - 36))
    return [_row(picture, tier, sample, titles, graph) for sample in samples]


def _row(picture: Picture, tier: str, sample: Sample, titles: int, graph: int) -> Line:
    history = picture.history.get(f"{tier}/{sample.name}", (sample.value,))
    known = [value for value in history[-graph:] if value is not None and isfinite(value)]
    span = f"{amount(min(known), '')} – {amount(max(known), sample.unit)}" if known else ""
    if known and min(known) == max(known):
        span = "steady"
    unknown = sample.value is None or not isfinite(sample.value)
    return Line(
        (
            Span(" " + fit(sample.title, titles) + " "),
            Span(spark(history, graph), Look.LINK),
            Span(
                fit(amount(sample.value, sample.unit), 13, right=True),
                Look.UNKNOWN if unknown else Look.STRONG,
            ),
            Span("  " + fit(span, 18), Look.DIM),
        ),
        health=Health.UNKNOWN if unknown else None,
    )
