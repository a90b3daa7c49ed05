"""Which runbooks there are: every module of `saitotui.runbooks` that presents a `RUNBOOK`."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from saitotui import runbooks
from saitotui.model.plan import Plan, Refusal
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot


@cache
def catalogue() -> Mapping[str, Runbook]:
    """All runbooks by id, in alphabetical order."""
    modules = (
        import_module(f"{runbooks.__name__}.{found.name}")
        for found in pkgutil.iter_modules(runbooks.__path__)
    )
    found = [book for module in modules if isinstance(book := getattr(module, "RUNBOOK", None), Runbook)]
    return {book.id: book for book in sorted(found, key=lambda book: book.id)}


def runbook(name: str) -> Runbook | None:
    return catalogue().get(name)


def plan_of(profile: Profile, snapshot: Snapshot, name: str, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan that runbook `name` makes, or why it makes none: unknown name or parameter included."""
    book = runbook(name)
    if book is None:
        return Refusal(name, (f"there is no runbook {name!r}; `saitotui plan --list` names all",))
    known = {parameter.name for parameter in book.parameters}
    wrong = [f"{book.id} has no parameter {given!r}" for given in parameters if given not in known]
    wrong += [
        f"{parameter.name} must be given: {parameter.sentence}"
        for parameter in book.parameters
        if parameter.required and not parameters.get(parameter.name)
    ]
    if wrong:
        return Refusal(name, tuple(wrong))
    return book.plan(profile, snapshot, {**book.defaults, **parameters})
