"""Configuration files of the platform's services: templates as data, rendered from the profile.

A template is jinja2 (`configs/TIER/NAME.j2`). A secret stands in the text as `{secret:NAME}`: it is put in
when the file is sent, and wherever the file is read again, the line that holds it is covered by sed(1) first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from saitotui.clients.quoting import shell
from saitotui.model.profile import Profile
from saitotui.model.text import COVERED

MARK = "Written by saitotui's runbook"
"""What the first lines of most files say."""


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
    loose: str = ""
    """A regular expression of what runbooks themselves put into it for a while: no difference."""
    replaces: str = ""
    """Where others write to the file, too: sed's pattern of the lines that make room for the text, which
    stands at the top, from its first line to its last."""

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def own(self) -> str:
        """sed's addresses of what the text is, in a file that others write to, too."""
        first, *_, last = self.text.splitlines()
        return f"/^{first}$/,/^{last}$/"


def seen_at(profile: Profile, host: str, given: str = "") -> str:
    """The address by which other hosts of the platform see a service; `given` is where the profile says that
    the console finds it."""
    return profile.hosts[host].service_address or given or profile.hosts[host].address


def shown(file: ConfigFile) -> str:
    """The shell command that prints mode, owner and group, then the text with its secret covered; status 1
    when there is no such file."""
    path = shell(file.path)
    covered = shell("s/" + file.cover + r"/\1" + COVERED + "/")
    text = f"sed {covered} {path}" if file.cover else f"cat {path}"
    if file.replaces:
        text = f"sed -n -e {shell(file.own + 'p')} -e {shell(f'/{file.replaces}/p')} {path}"
    return f"stat -c '%a %U %G' {path} 2>/dev/null && {text}"


def difference(text: str, file: ConfigFile) -> list[str]:
    """The lines in which what `shown` printed differs from what is wanted; first what mode and owner it has,
    if others."""
    facts, _, there = text.partition("\n")
    there = re.sub(file.loose, "", there) if file.loose else there
    wanted = f"{file.mode.lstrip('0')} root {file.group}"
    found = [] if facts.strip() == wanted else [f"it is {facts.strip()}, not {wanted}"]
    if there.rstrip("\n") == _wanted(file).rstrip("\n"):
        return found
    lines = difflib.unified_diff(there.splitlines(), _wanted(file).splitlines(), n=0, lineterm="")
    return found + [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def _wanted(file: ConfigFile) -> str:
    if not file.cover:
        return file.text
    pattern = file.cover.replace(r"\(", "(").replace(r"\)", ")")
    return re.sub(pattern, rf"\1{COVERED}", file.text, flags=re.MULTILINE)


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
