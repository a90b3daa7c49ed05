"""Which tiers there are: every module of `saitotui.tiers` that presents a `TIER`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from saitotui import tiers
from saitotui.model.tier import TierKind


@cache
def tier_kinds() -> tuple[TierKind, ...]:
    """All kinds of tier, in the order of the tier strip."""
    modules = (
        import_module(f"{tiers.__name__}.{found.name}") for found in pkgutil.iter_modules(tiers.__path__)
    )
    kinds = [kind for module in modules if isinstance(kind := getattr(module, "TIER", None), TierKind)]
    return tuple(sorted(kinds, key=lambda kind: kind.order))
