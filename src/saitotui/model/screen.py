"""Screens as data: which panes of what tier stand where. A screen arranges and never computes.

Plain dataclasses: `saitotui.config` fills them from screens/*.yaml and refuses what does not fit. The
docstring under each field is its documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

_STRICT: dict[str, Any] = {"extra": "forbid"}

PaneKind = Literal["map", "table", "findings", "runbooks", "spark", "log", "journal"]


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """One part of a screen."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    kind: PaneKind
    """`map`: nodes and links. `table`: a table that a tier declares. `findings`: what is wrong. `runbooks`:
    what helps. `spark`: recent values as a small graph. `log`: what happened lately. `journal`: who acted."""
    name: str = ""
    """`table`: the name of the table, as its tier declares it."""
    tier: str = ""
    """The tier it is about; empty: the screen's."""
    title: str = ""
    """Its heading; empty: what the pane calls itself."""
    columns: tuple[str, ...] = ()
    """`table`: the columns to show, in this order; empty: all."""
    samples: tuple[str, ...] = ()
    """`spark`: the series to draw, by name (`*` stands for anything); empty: all of the tier."""
    lines: int = 0
    """At most so many lines, the rest is counted; 0: as many as there are."""
    side: bool = False
    """On a wide terminal (110 columns and more) the pane stands at the right, else below the others."""


@dataclass(frozen=True, slots=True)
class ScreenSpec:
    """One screen."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    name: str
    """The word that opens it (`:database`)."""
    title: str
    """What it is called on the screen."""
    tier: str = ""
    """The tier it is about; empty: the whole platform."""
    key: str = ""
    """A digit from 1 to 9 that opens it; empty: none."""
    panes: tuple[PaneSpec, ...] = ()
    """What it shows, from top to bottom."""
