"""The lab as a profile of the console."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tests.lab.haproxy import BACKEND
from tests.lab.mariadb import PASSWORDS
from tests.lab.sshd import PORT as SSH_PORT
from tests.lab.tomcat import PASSWORD, USER

if TYPE_CHECKING:
    from tests.lab.platform import Lab

POLL = 1.0
"""Seconds between two looks."""


def write_profile(lab: Lab) -> None:
    """Writes `lab.profile`, and the secrets that it refers to."""
    secrets = {
        "ctl": PASSWORDS["ctl"],
        "repl": PASSWORDS["repl"],
        "clone": PASSWORDS["clone"],
        "tomcat": PASSWORD,
    }
    for name, secret in secrets.items():
        (lab.folder / name).write_text(secret, "ascii")
        (lab.folder / name).chmod(0o600)
    text = yaml.safe_dump(_profile(lab), sort_keys=False)
    lab.profile.write_text(text, "utf-8")


def _profile(lab: Lab) -> dict[str, Any]:
    hosts = {
        name: {
            "address": machine.address,
            "port": SSH_PORT,
            "user": "root",
            "host_key": lab.sshd[name].host_key,
            "identity": str(lab.folder / "client_key"),
        }
        for name, machine in lab.machines.items()
    }
    return {
        "name": "lab",
        "environment": {"name": "lab"},
        "poll": POLL,
        "hosts": hosts,
        "database": _database(lab),
        "application": _application(lab),
    }


def _secret(folder: Path, name: str) -> str:
    return f"file:{folder / name}"


def _database(lab: Lab) -> dict[str, Any]:
    return {
        "write_backend": BACKEND,
        "read_backend": "mysql_read",
        "replication_user": "repl",
        "replication_password": _secret(lab.folder, "repl"),
        "clone_user": "clone",
        "clone_password": _secret(lab.folder, "clone"),
        "servers": {
            name: {
                "host": name,
                "user": "ctl",
                "password": _secret(lab.folder, "ctl"),
                "folder": str(lab.machines[name].folder / "kept"),
            }
            for name in lab.databases
        },
        "haproxy": {
            name: {"host": name, "socket": node.socket, "config": str(node.config)}
            for name, node in lab.balancers.items()
        },
    }


def _application(lab: Lab) -> dict[str, Any]:
    pages = {"home": ("/", "Welcome"), "login": ("/app/login", "login"), "orders": ("/app/orders", "orders")}
    return {
        "context": "/app",
        "nginx": {
            "web1": {
                "host": "web1",
                "status": {"url": lab.nginx.status_url},
                "access_log": lab.nginx.access_log,
            }
        },
        "tomcats": {
            name: {
                "host": name,
                "manager": {
                    "url": f"{tomcat.url}/manager",
                    "user": USER,
                    "password": _secret(lab.folder, "tomcat"),
                },
            }
            for name, tomcat in lab.tomcats.items()
        },
        "journeys": [
            {"name": name, "service": {"url": lab.nginx.url + path}, "contains": text}
            for name, (path, text) in pages.items()
        ],
    }
