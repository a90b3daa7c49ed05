"""What a web application archive says about itself, and how two of them differ.

Jakarta Servlet Specification, 7.7.2 (`<distributable/>`); JAR File Specification (manifest); Java Object
Serialization Specification, 5.6 (what a class may change).
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.model.command import Answer, Json, Unparsable
from saitotui.model.text import one_line

BUILD = ("Implementation-Version", "Build-Id", "Git-Commit", "SCM-Revision", "Created-By")
"""What a manifest may call the build, best first."""


@dataclass(frozen=True, slots=True)
class Class:
    """How objects of a class are serialised: the serialVersionUID that it declares (None: none, and Java
    makes one up of all its members) and a checksum of the class."""

    uid: int | None
    checksum: int


@dataclass(frozen=True, slots=True)
class War:
    """`broken` says why it is no sound archive, '' when it is one. `distributable` is None when the
    descriptor cannot be read; `before` the version to compare with, where it is kept."""

    broken: str
    distributable: bool | None
    build: str
    serializable: Mapping[str, Class]
    before: War | None = None


def war(answer: Answer) -> War:
    """Reads the answer to `describe`."""
    if not isinstance(answer.data, dict):
        raise Unparsable("no description of the archive")
    before = answer.data.get("before")
    return _war(answer.data, _war(before, None) if isinstance(before, dict) else None)


def _war(data: Mapping[str, Json], before: War | None) -> War:
    manifest = _manifest(str(data["manifest"]))
    build = next((f"{name} {manifest[name]}" for name in BUILD if manifest.get(name)), "")
    classes = data["serializable"]
    assert isinstance(classes, dict)
    found = {name: Class(*value) for name, value in classes.items() if isinstance(value, list)}  # type: ignore[arg-type]
    return War(str(data["broken"]), _distributable(str(data["web_xml"])), one_line(build), found, before)


def _manifest(text: str) -> Mapping[str, str]:
    """The main section; lines that begin with a blank continue the one before."""
    lines = text.replace("\r\n", "\n").partition("\n\n")[0].replace("\n ", "").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def _distributable(text: str) -> bool | None:
    if not text:
        return False
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError:
        return None
    return any(child.tag.rpartition("}")[2] == "distributable" for child in root)


def differences(old: War, new: War) -> tuple[str, ...]:
    """Classes in both whose objects of the one cannot be read by the other: other UIDs, or none declared and
    another class."""
    return tuple(
        name
        for name, mine in new.serializable.items()
        if (theirs := old.serializable.get(name)) is not None
        and (mine.uid != theirs.uid or (mine.uid is None and mine.checksum != theirs.checksum))
    )
