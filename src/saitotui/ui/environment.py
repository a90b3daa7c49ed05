"""What the terminal is, and what Textual must be told before it is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping

SETTINGS = {
    "TEXTUAL_FPS": "60",
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
}
"""Textual reads these once, at import. A key is answered within one frame, and frames cost nothing where only
what changed is written; animation steps are paid for in bytes over SSH."""

POOR_TERMINALS = ("linux", "vt100", "vt102", "vt220", "vt320", "dumb", "ansi", "cons25")
"""Terminals whose fonts lack most of what this console draws with."""


def prepare() -> None:
    """Sets what Textual reads at import. A user's own setting wins."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def wants_ascii(environment: Mapping[str, str] | None = None) -> bool:
    """Whether to draw with ASCII only: the locale is not UTF-8 (POSIX: LC_ALL wins over LC_CTYPE wins over
    LANG), or the terminal is known to have few glyphs."""
    env = os.environ if environment is None else environment
    if env.get("TERM", "").split("-")[0] in POOR_TERMINALS:
        return True
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return "utf-8" not in locale.lower() and "utf8" not in locale.lower()


def wants_color(environment: Mapping[str, str] | None = None) -> bool:
    """False when NO_COLOR is present and not empty (no-color.org), or the terminal has no colours."""
    env = os.environ if environment is None else environment
    return not env.get("NO_COLOR") and env.get("TERM", "") not in ("dumb", "vt100", "vt102", "vt220", "vt320")
