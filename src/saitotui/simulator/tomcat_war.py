"""What a Tomcat would make of an uploaded WAR: whether its context starts, and what its pages answer."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import dataclass

MAX_XML = 256 * 1024


@dataclass(frozen=True, slots=True)
class War:
    """`starts` is False for one that is cut off, has a broken web.xml, or names a listener that it lacks.
    `status` is what its servlets answer: 500 when it names a servlet class that it lacks."""

    starts: bool
    status: int = 200
    unpacked: bool = True


def read(body: bytes) -> War:
    """Looks into a WAR as Tomcat does when it deploys one."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = set(archive.namelist())
            if "WEB-INF/web.xml" not in names:
                return War(True)
            if archive.getinfo("WEB-INF/web.xml").file_size > MAX_XML:
                return War(False)
            text = archive.read("WEB-INF/web.xml")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        return War(False, unpacked=False)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return War(False)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return War(False)
    missing = {
        kind
        for kind in ("listener-class", "servlet-class")
        for element in root.iter()
        if element.tag.rpartition("}")[2] == kind and _file(element.text or "") not in names
    }
    if "listener-class" in missing:
        return War(False)
    return War(True, 500 if "servlet-class" in missing else 200)


def _file(name: str) -> str:
    return f"WEB-INF/classes/{name.strip().replace('.', '/')}.class"
