"""Versions of the shop that can be deployed on the simulated Tomcats."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

_WEB_XML = """<?xml version="1.0" encoding="UTF-8"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <distributable/>
  {listener}<servlet><servlet-name>shop</servlet-name><servlet-class>{servlet}</servlet-class></servlet>
</web-app>
"""
_LISTENER = "<listener><listener-class>shop.Missing</listener-class></listener>\n  "
_CLASS = "WEB-INF/classes/shop/Shop.class"
FAILING, BROKEN = "answers-500", "does-not-start"
"""What the names of versions say that are not as they should be."""


def build(folder: Path, version: str) -> Path:
    """A WAR of `version` in `folder`: always the same bytes."""
    war = folder / f"app##{version}.war"
    war.write_bytes(content(version))
    return war


@cache
def content(version: str) -> bytes:
    """What the WAR of `version` holds."""
    servlet = "shop.Missing" if FAILING in version else "shop.Shop"
    listener = _LISTENER if BROKEN in version else ""
    members = {
        "META-INF/MANIFEST.MF": f"Manifest-Version: 1.0\nImplementation-Version: {version}\n",
        "WEB-INF/web.xml": _WEB_XML.format(listener=listener, servlet=servlet),
        _CLASS: "not read by the simulated Tomcats",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def offer(folder: Path) -> None:
    """Versions to try: the one that runs, the next two, one whose pages fail, one that does not start."""
    folder.mkdir(exist_ok=True)
    for version in ("001", "002", "003", f"004-{FAILING}", f"004-{BROKEN}"):
        build(folder, version)
