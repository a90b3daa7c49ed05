"""The Tomcats that the lab can run: Debian's own, and others that are unpacked beside it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab.unpacking import PLACE, unpack

_BOOTSTRAP = frozenset(
    f"org/apache/catalina/{name}"
    for name in (
        "security/SecurityClassLoad",
        "startup/Bootstrap",
        "startup/CatalinaProperties",
        "startup/ClassLoaderFactory",
        "startup/Constants",
        "startup/SafeForkJoinWorkerThreadFactory",
        "startup/Tool",
    )
)
"""What Tomcat's build puts into bootstrap.jar (build.xml, files.bootstrap)."""


@dataclass(frozen=True, slots=True)
class Release:
    """`home` is its CATALINA_HOME, `manager` the manager's folder; applications are of `servlets`."""

    home: Path
    manager: Path
    servlets: str = "jakarta.servlet"


DEBIAN = Release(Path("/usr/share/tomcat10"), Path("/usr/share/tomcat10-admin/manager"))


def release(number: int) -> Release | str:
    """Tomcat 9 (of Debian 12, which has its libraries only) or 11 (of sid); why it cannot be had."""
    folder = PLACE / f"tomcat{number}"
    shared = folder / "root" / "usr" / "share"
    if number == 11:
        packages = ("libtomcat11-java", "tomcat11-common", "tomcat11-admin")
        reason = unpack(folder, "sid", "download", *packages)
        return reason or Release(shared / "tomcat11", shared / "tomcat11-admin" / "manager")
    reason = unpack(folder, "bookworm", "download", "libtomcat9-java")
    return reason or Release(_home(folder, shared / "java"), DEBIAN.manager, "javax.servlet")


def _home(folder: Path, jars: Path) -> Path:
    """A CATALINA_HOME of libraries, laid out as the packages of other releases do it."""
    home = folder / "home"
    if home.exists():
        return home
    new = folder / "new-home"
    (new / "lib").mkdir(parents=True, exist_ok=True)
    (new / "bin").mkdir(exist_ok=True)
    for jar in jars.glob("tomcat9-*.jar"):
        if jar.is_symlink():
            (new / "lib" / jar.name.removeprefix("tomcat9-")).symlink_to(jar)
    (new / "bin" / "tomcat-juli.jar").symlink_to(jars / "tomcat9-juli.jar")
    bootstrap = new / "bin" / "bootstrap.jar"
    with zipfile.ZipFile(jars / "tomcat9-catalina.jar") as whole, zipfile.ZipFile(bootstrap, "w") as part:
        for name in whole.namelist():
            if name.endswith(".class") and name.removesuffix(".class").partition("$")[0] in _BOOTSTRAP:
                part.writestr(name, whole.read(name))
    return new.rename(home)
