"""One lab for all tests of a run."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.platform import Lab
from tests.lab.storage.pair import StoragePair, alone
from tests.lab.subnet import Subnet

PROGRAMS = (
    "gcc",
    "linux.uml",
    "mmdebstrap",
    "mkfs.ext4",
    "ip",
    "mariadbd",
    "haproxy",
    "nginx",
    "sshd",
    "java",
    "javac",
    "nsenter",
    "setpriv",
    "unshare",
)


def pytest_exception_interact(node: pytest.Item, report: pytest.TestReport) -> None:
    """Tells a failure at once: a run of the lab is long, and may be cut off before it sums up."""
    print(f"\n{node.nodeid} ({report.when}):\n{report.longreprtext}", file=sys.__stderr__, flush=True)


@pytest.fixture(scope="session")
def privileged() -> None:
    """Skips where the lab cannot run at all; fails where somebody only forgot to install it."""
    if os.geteuid() != 0:
        pytest.skip("the lab needs root: make lab-test")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if missing:
        pytest.fail(f"the lab needs {', '.join(missing)}: tests/lab/install.sh installs them")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that the services' own users may enter (pytest's own may not be entered)."""
    with tempfile.TemporaryDirectory(prefix="saitotui-lab-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def built(privileged: None, folder: Path) -> Iterator[Lab]:
    """The whole platform, running and well."""
    with Subnet() as subnet, Lab(folder, subnet) as lab:
        yield lab


@pytest.fixture
def platform(built: Lab) -> Iterator[Lab]:
    """The platform, for one test: one that breaks it heals it. Another master than at first may be left."""
    yield built
    built.go_home()


@pytest.fixture
def table(platform: Lab) -> Iterator[None]:
    """The table that applications write to."""
    platform.databases[platform.master].sql("CREATE TABLE app.numbered (id BIGINT PRIMARY KEY)")
    yield
    platform.databases[platform.master].sql("DROP TABLE app.numbered")


@pytest.fixture(scope="module")
def running(privileged: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoragePair]:
    """A storage pair under heartbeat."""
    with alone(tmp_path_factory.mktemp("storage")) as pair:
        yield pair


@pytest.fixture
def pair(running: StoragePair) -> Iterator[StoragePair]:
    """The storage pair for one test; one that breaks it mends it."""
    yield running
    running.mend()
