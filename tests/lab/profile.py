"""The lab as a profile of the console."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from tests.lab.database import PASSWORDS
from tests.lab.haproxy import BACKEND, READ_BACKEND
from tests.lab.sshd import PORT as SSH_PORT
from tests.lab.tomcat import PASSWORD, USER

if TYPE_CHECKING:
    from tests.lab.pair import Pair
    from tests.lab.platform import Lab

POLL = 1.0
"""Seconds between two looks."""


def write_profile(file: Path, profile: Mapping[str, Any]) -> None:
    """Writes a profile, and beside it the secrets that it refers to."""
    for name, secret in {**PASSWORDS, "tomcat": PASSWORD}.items():
        (file.parent / name).write_text(secret, "ascii")
        (file.parent / name).chmod(0o600)
    file.write_text(yaml.safe_dump(dict(profile), sort_keys=False), "utf-8")


def basis(lab: Pair) -> dict[str, Any]:
    """Its name and hosts."""
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
    return {"name": "lab", "environment": {"name": "lab"}, "poll": POLL, "hosts": hosts}


def _secret(folder: Path, name: str) -> str:
    return f"file:{folder / name}"


def database(lab: Pair) -> dict[str, Any]:
    return {
        "write_backend": BACKEND,
        "read_backend": READ_BACKEND,
        "replication_user": "repl",
        "replication_password": _secret(lab.folder, "repl"),
        "replication_ca": f"{lab.tls}/ca.pem",
        "clone_user": "clone",
        "clone_password": _secret(lab.folder, "clone"),
        "servers": {
            name: {
                "host": name,
                "user": "ctl",
                "password": _secret(lab.folder, "ctl"),
                "unit": server.unit,
                "folder": str(lab.machines[name].folder / "kept"),
                **server.reached(),
            }
            for name, server in lab.databases.items()
        },
        "haproxy": {
            name: {"host": name, "socket": node.socket, "config": str(node.config)}
            for name, node in lab.balancers.items()
        },
    }


def application(lab: Lab) -> dict[str, Any]:
    pages = {"home": ("/", "Welcome"), "login": ("/app/login", "login"), "orders": ("/app/orders", "orders")}
    return {
        "context": "/app",
        "version_page": {"path": "/count", "contains": "version={version} "},
        "nginx": {
            "web1": {
                "host": "web1",
                "status": {"url": lab.nginx.status_url},
                "access_log": lab.nginx.access_log,
                "error_log": lab.nginx.error_log,
                "config": str(lab.nginx.config),
                "upstreams": str(lab.nginx.config),
            }
        },
        "tomcats": {
            name: {
                "host": name,
                "webapps": str(tomcat.base / "webapps"),
                "log": str(tomcat.base / "logs" / "catalina.%Y-%m-%d.log"),
                "manager": {
                    "url": f"{tomcat.url}/manager",
                    "user": USER,
                    "password": _secret(lab.folder, "tomcat"),
                },
            }
            for name, tomcat in lab.tomcats.items()
        },
        "journeys": [
            # How fast this computer is says nothing about the platform.
            {"name": name, "service": {"url": lab.nginx.url + path}, "contains": text, "slow": 10}
            for name, (path, text) in pages.items()
        ],
    }
