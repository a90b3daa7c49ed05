"""What lies in a web application archive (Jakarta Servlet Specification, 10.6; JAR File Specification)."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from saitotui.clients.class_file import ClassFile, NoClass, read
from saitotui.model.command import Json

MOST_UNPACKED = 8 << 30
"""Bytes; what unpacks to more is not an application but an attack or a mistake."""
MOST_TEXT, MOST_CLASS, MOST_CLASSES = 256 << 10, 2 << 20, 20_000
CLASSES = "WEB-INF/classes/"
SERIALIZABLE = ("java/io/Serializable", "java/io/Externalizable")


def describe(path: Path) -> dict[str, Json]:
    """`broken` (a reason; empty when every member unpacks as its checksum says), `web_xml` and `manifest`
    (texts, empty where there are none) and `serializable`: by class of WEB-INF/classes whose objects can be
    serialised, its declared serialVersionUID (null: none) and the CRC-32 of the class. Raises OSError."""
    found: dict[str, Json] = {"broken": "", "web_xml": "", "manifest": "", "serializable": {}}
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
            if unpacked > MOST_UNPACKED:
                return found | {"broken": f"it unpacks to {unpacked >> 20} MiB"}
            bad = archive.testzip()
            if bad is not None:
                return found | {"broken": f"{bad} does not unpack as its checksum says"}
            return found | {
                "web_xml": _text(archive, "WEB-INF/web.xml"),
                "manifest": _text(archive, "META-INF/MANIFEST.MF"),
                "serializable": _serializable(archive),
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        return found | {"broken": f"it is not a whole archive: {error}"}


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        info = archive.getinfo(name)
    except KeyError:
        return ""
    return archive.read(info).decode("utf-8", "replace") if info.file_size <= MOST_TEXT else ""


def _serializable(archive: zipfile.ZipFile) -> dict[str, Json]:
    """By inheritance within the archive: a class of a library that is serialisable is not known here."""
    sums: dict[str, int] = {}
    classes: dict[str, ClassFile] = {}
    for info in archive.infolist()[:MOST_CLASSES]:
        if not (info.filename.startswith(CLASSES) and info.filename.endswith(".class")):
            continue
        if info.file_size > MOST_CLASS:
            continue
        try:
            one = read(archive.read(info))
        except NoClass:
            continue
        classes[one.name], sums[one.name] = one, info.CRC
    chosen: set[str] = set()
    while more := {name for name, one in classes.items() if name not in chosen and _inherits(one, chosen)}:
        chosen |= more
    return {name.replace("/", "."): [classes[name].uid, sums[name]] for name in sorted(chosen)}


def _inherits(one: ClassFile, chosen: set[str]) -> bool:
    return any(name in SERIALIZABLE or name in chosen for name in (one.parent, *one.interfaces))
