"""Profiles and screens: YAML in; typed values, or every error with its line, out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_type_hints

import platformdirs
import yaml

from saitotui.model.profile import Cluster, Profile
from saitotui.model.screen import ScreenSpec
from saitotui.model.text import one_line
from saitotui.resources import data

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

T = TypeVar("T")
Location = tuple[str | int, ...]

_SECRET_KEYS = frozenset({"password", "token", "secret"})
_PATH_KEYS = frozenset({"known_hosts", "identity", "ca", "allowed_signers", "signing_key"})
_SECRET_KINDS = ("env:", "file:", "command:", "keyring:")
MAX_FILE = 4 * 1024 * 1024
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: a tenth of the time, and a bound on nesting of its own."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: `file:line: path: what`."""

    file: str
    line: int
    path: str
    what: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.what}"


class ConfigError(Exception):
    """Everything that is wrong with one file, at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its value, and the line of each part of it."""

    file: Path
    value: Any
    lines: Mapping[Location, int]

    def problem(self, location: Location, what: str) -> Problem:
        """A problem at `location`, on the line of the nearest part that exists."""
        known = location
        while known and known not in self.lines:
            known = known[:-1]
        path = ".".join(str(part) for part in location)
        return Problem(str(self.file), self.lines.get(known, 1), path, one_line(what))


def read_yaml(file: Path) -> Document:
    """Raises ConfigError when `file` cannot be read or is not YAML."""
    try:
        if file.stat().st_size > MAX_FILE:
            raise ConfigError([Problem(str(file), 1, "", f"is larger than {MAX_FILE} bytes")])
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([Problem(str(file), 1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(file), 1, "", f"is not UTF-8 (byte {error.start})")]) from None
    lines: dict[Location, int] = {}
    problems: list[Problem] = []
    try:
        loader = _LOADER(text)
        root = loader.get_single_node()
        if root is not None:
            for location, node, problem in _walk(root, (), frozenset()):
                lines[location] = node.start_mark.line + 1
                if problem:
                    problems.append(
                        Problem(str(file), lines[location], ".".join(map(str, location)), problem)
                    )
        if problems:
            raise ConfigError(problems)
        value = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([Problem(str(file), line, "", f"is not YAML: {error.problem}")]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError([Problem(str(file), 1, "", f"is not YAML: {one_line(str(error))}")]) from None
    return Document(file, value, lines)


def _walk(
    node: yaml.Node, location: Location, above: frozenset[int]
) -> Iterator[tuple[Location, yaml.Node, str]]:
    """Every part of a YAML tree with its location, and what is wrong with it (repeated key, loop)."""
    if id(node) in above:
        yield location, node, "refers to itself"
        return
    yield location, node, ""
    above |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield (*location, name), key, "is given twice"
            seen.add(name)
            yield from _walk(value, (*location, name), above)
            yield (*location, name), key, ""
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*location, index), above)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def parse(kind: type[T], document: Document) -> T:
    """`document` as a `kind` (a dataclass of model/); ConfigError with every problem when it does not fit."""
    from pydantic import ValidationError

    try:
        value: T = _adapter(cast("Any", kind)).validate_python(document.value)
    except ValidationError as error:
        raise ConfigError([_explain(document, detail) for detail in error.errors()]) from None
    return value


_WORDS = {
    "missing": "is missing",
    "unexpected_keyword_argument": "is not a key that exists here",
    "dataclass_type": "must be a mapping with keys",
    "string_type": "must be a text (quote it)",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "tuple_type": "must be a list",
}


def _explain(document: Document, detail: ErrorDetails) -> Problem:
    what = _WORDS.get(detail["type"], detail["msg"][:1].lower() + detail["msg"][1:])
    return document.problem(tuple(detail["loc"]), what)


def load_profile(file: Path) -> Profile:
    """The profile in `file`; ConfigError with every problem at once. Relative paths count from its folder."""
    document = read_yaml(file)
    if not isinstance(document.value, dict):
        raise ConfigError([Problem(str(file), 1, "", "must be a mapping; see profiles/example.yaml")])
    problems = [document.problem(location, what) for location, what in _secrets(document.value, ())]
    value = _absolute(document.value, file.resolve().parent)
    try:
        profile = parse(Profile, Document(file, value, document.lines))
    except ConfigError as error:
        raise ConfigError(_sorted([*error.problems, *problems])) from None
    problems += [document.problem(location, what) for location, what in _references(profile)]
    if problems:
        raise ConfigError(_sorted(problems))
    return profile


def _sorted(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda problem: (problem.line, problem.path))


def _secrets(value: object, location: Location) -> Iterator[tuple[Location, str]]:
    """Secrets that are written out instead of referred to. The value itself is never repeated."""
    if isinstance(value, dict):
        for key, part in value.items():
            here = (*location, str(key))
            if key in _SECRET_KEYS and part not in ("", None):
                if not (isinstance(part, str) and part.startswith(_SECRET_KINDS)):
                    yield here, f"must refer to a secret ({', '.join(_SECRET_KINDS)}), not be one"
            else:
                yield from _secrets(part, here)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _secrets(part, (*location, index))


def _absolute(value: Any, folder: Path) -> Any:
    """`value` with the paths in it made absolute."""
    if isinstance(value, list):
        return [_absolute(part, folder) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: _absolute_part(key, part, folder) for key, part in value.items()}


def _absolute_part(key: object, part: Any, folder: Path) -> Any:
    if isinstance(part, str) and part:
        if key in _PATH_KEYS:
            return str(folder / Path(part).expanduser())
        if key in _SECRET_KEYS and part.startswith("file:"):
            return f"file:{folder / Path(part[5:]).expanduser()}"
    return _absolute(part, folder)


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


_KINDS: Mapping[str, Callable[[str], bool]] = {
    "url": lambda text: text.startswith(("http://", "https://")),
    "network": _is_network,
    "server": lambda text: re.fullmatch(r"[0-9A-Za-z.:-]+", text) is not None,
}
_MUST = {
    "url": "must begin with http:// or https://",
    "network": "must be a network with its prefix (10.0.0.0/24)",
    "server": "must be a name or an address",
}


def _references(profile: Profile) -> Iterator[tuple[Location, str]]:
    """Names that a valid profile uses but does not define, and other things no type can say."""
    for location, kind, text in _marked(profile, Profile, ()):
        if kind == "host" and text and text not in profile.hosts:
            yield location, f"names the host {text!r}, which is not under hosts"
        if kind in _KINDS and not _KINDS[kind](text):
            yield location, _MUST[kind]
    yield from _jump_loops(profile)
    if profile.build:
        unknown = [name for name in profile.build.open if name not in profile.hosts]
        yield from (
            (("build", "open", one), f"names the host {one!r}, which is not under hosts") for one in unknown
        )
    if profile.storage and len(profile.storage.nodes) != 2:
        yield ("storage", "nodes"), f"must be a pair, not {len(profile.storage.nodes)} node(s)"
    if profile.cluster:
        yield from _cluster(profile.cluster)
    if profile.hardware:
        for number in profile.hardware.servers:
            if not number.isdigit():
                yield ("hardware", "servers", number), "must be a server number of Robot"


def _marked(value: Any, hint: Any, location: Location) -> Iterator[tuple[Location, str, str]]:
    """Every text in `value` whose type marks it (`HostName`, `Url`), with its mark."""
    if hasattr(hint, "__metadata__"):
        yield location, hint.__metadata__[0], value
    elif is_dataclass(value):
        hints = _hints(cast("Any", type(value)))
        for part in fields(value):
            yield from _marked(getattr(value, part.name), hints[part.name], (*location, part.name))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _marked(part, get_args(hint)[1], (*location, key))
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from _marked(part, get_args(hint)[0], (*location, index))


def _cluster(cluster: Cluster) -> Iterator[tuple[Location, str]]:
    if not cluster.api:
        yield ("cluster", "api"), "must name at least one address"
    if bool(cluster.token_id) == bool(cluster.user):
        yield ("cluster",), "must have either token_id or user"
    for number in cluster.guests:
        if not number.isdigit():
            yield ("cluster", "guests", number), "must be the number of a guest"


def _jump_loops(profile: Profile) -> Iterator[tuple[Location, str]]:
    for name in profile.hosts:
        seen, here = {name}, profile.hosts[name].jump
        while here and here in profile.hosts:
            if here in seen:
                yield ("hosts", name, "jump"), "leads back to the host itself"
                break
            seen.add(here)
            here = profile.hosts[here].jump


def load_screens() -> tuple[ScreenSpec, ...]:
    """Every screen: the shipped ones, each replaced whole by a file of the same name in the user's own
    folder, `screens` under the configuration folder. ConfigError with every problem of every file."""
    files = {file.name: file for file in sorted(data("screens").glob("*.yaml"))}
    files |= {
        file.name: file for file in (platformdirs.user_config_path("saitotui") / "screens").glob("*.yaml")
    }
    screens: list[ScreenSpec] = []
    problems: list[Problem] = []
    for _, file in sorted(files.items()):
        try:
            screens.append(parse(ScreenSpec, read_yaml(file)))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return tuple(screens)


def profile_folders() -> list[Path]:
    """Where profiles are looked for, first come first: $SAITOTUI_PROFILES, the user's, the system's."""
    named = os.environ.get("SAITOTUI_PROFILES", "")
    folders = [Path(part) for part in named.split(os.pathsep) if part]
    return [*folders, platformdirs.user_config_path("saitotui") / "profiles", Path("/etc/saitotui/profiles")]


def find_profile(name: str = "") -> Path:
    """The file of profile `name`: a path, or a name in the profile folders; `` is the one called `default`,
    or the only one there is. Raises ConfigError with a sentence that says where it looked."""
    if name and (os.sep in name or name.endswith((".yaml", ".yml"))):
        return Path(name)
    folders = profile_folders()
    for folder in folders:
        wanted = folder / f"{name or 'default'}.yaml"
        if wanted.is_file():
            return wanted
    if not name:
        all_there = [file for folder in folders if folder.is_dir() for file in sorted(folder.glob("*.yaml"))]
        if len(all_there) == 1:
            return all_there[0]
    looked = ", ".join(str(folder) for folder in folders)
    what = f"no profile {name!r}" if name else "no profile called default"
    hint = f"looked in {looked}; copy {data('profiles') / 'example.yaml'} there, or run `saitotui demo`"
    raise ConfigError([Problem(name or "default", 1, "", f"{what}: {hint}"[:400])])
