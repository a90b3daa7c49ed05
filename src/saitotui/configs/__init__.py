"""Configuration files of the platform's services: templates as data, rendered from the profile.

A template is jinja2 (`configs/TIER/NAME.j2`). A secret stands in the text as `{secret:NAME}`: it is put in
when the file is sent, and wherever the file is read again, the line that holds it is covered by sed(1) first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file as the profile wants it on a host. `check` must find it good before it takes its place (`{}`
    stands for where it lies); `cover` is sed's pattern of a line with a secret: its group stays."""

    path: str
    text: str
    mode: str = "0644"
    check: str = "true"
    cover: str = ""
    group: str = "root"

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("saitotui", "configs"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def rendered(name: str, values: Mapping[str, object]) -> str:
    """The text of template `name` (`storage/ha.cf.j2`)."""
    return _environment().get_template(name).render(values)
