"""Scenarios: timed faults, and what a console must find then. Each is a test, an exercise, a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from saitotui.simulator.world import World


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Trouble(_Strict):
    """One fault, `at` seconds after the start."""

    do: str
    """The fault's name."""
    target: str
    """What it hits."""
    at: Annotated[float, Field(ge=0)] = 0
    """Seconds after the start."""


class Scenario(_Strict):
    """One scenario file."""

    name: str
    """The file's name."""
    title: str
    """One line, for the list."""
    summary: str = ""
    """What happened, and what is to be learned from it."""
    storage: Literal["heartbeat", "pacemaker"] = "heartbeat"
    """What manages the storage pair."""
    faults: tuple[Trouble, ...] = ()
    """What goes wrong, in order."""
    advance: Annotated[float, Field(ge=0, le=3600)] = 0
    """Simulated seconds after which the picture is taken."""
    expect: tuple[str, ...] = ()
    """Codes of findings that must be there then."""
    only: bool = False
    """Whether nothing else may be found."""
    goal: str = ""
    """What somebody who practises it should reach."""


def scenarios() -> tuple[Scenario, ...]:
    """Every scenario, the healthy one first, then by name. ValueError when a file is not one."""
    return tuple(sorted(map(scenario, _files()), key=lambda one: (one.name != "healthy", one.name)))


@cache
def _files() -> Mapping[str, Traversable]:
    """The files by the names of their scenarios."""
    folder = files("saitotui.simulator") / "scenarios"
    suffix = ".yaml"
    return {one.name.removesuffix(suffix): one for one in folder.iterdir() if one.name.endswith(suffix)}


def _load(name: str, text: str) -> Scenario:
    try:
        scenario = Scenario.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"scenario {name}: {error}") from None
    if scenario.name != name:
        raise ValueError(f"scenario {name}: its name is {scenario.name}")
    return scenario


@cache
def scenario(name: str) -> Scenario:
    """The scenario of that name; ValueError when there is none, or when its file is not one."""
    file = _files().get(name)
    if file is None:
        raise ValueError(f"there is no scenario {name!r}")
    return _load(name, file.read_text("utf-8"))


def begin(world: World, what: Scenario) -> None:
    """Arranges for the scenario's faults to happen in `world`."""
    for trouble in what.faults:
        if trouble.at:
            world.clock.call_later(trouble.at, _injecting(world, trouble))
        else:
            world.inject(trouble.do, trouble.target)


def _injecting(world: World, trouble: Trouble) -> Callable[[], None]:
    def inject() -> None:
        world.inject(trouble.do, trouble.target)

    return inject
