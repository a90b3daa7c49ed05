"""What a profile says of the parts that speak HTTP: cluster, application, monitoring, hardware.

Secrets are references to files in the simulation's folder, which `secrets` names.
"""

from __future__ import annotations

from typing import Any, Protocol

from saitotui.simulator import pve_part, robot_part, tomcat_part, zabbix_part
from saitotui.simulator.http_parts import Passwords
from saitotui.simulator.platform import ADDRESSES
from saitotui.simulator.pve_corosync import on_links

Section = dict[str, Any]


class Doors(Protocol):
    """Knows the address of each service."""

    def url(self, name: str) -> str: ...


JOURNEYS = (("home", "/", "Welcome"), ("login", "/app/login", "login"), ("orders", "/app/orders", "orders"))


def secrets(passwords: Passwords) -> dict[str, str]:
    """File name to secret: what the profile's references read."""
    return {
        "pve-token": passwords.pve_token,
        "pve-password": passwords.pve_password,
        "tomcat-password": passwords.tomcat,
        "zabbix-token": passwords.zabbix_token,
        "zabbix-password": passwords.zabbix_password,
        "robot-password": passwords.robot,
    }


def sections(doors: Doors, ca: str, folder: str) -> dict[str, Section]:
    """The profile's sections; `ca` is the authority's file, `folder` where the secrets lie."""

    def secret(name: str) -> str:
        return f"file:{folder}/{name}"

    tls = {"ca": ca}
    return {
        "cluster": {
            "name": "fsn1",
            "nodes": {node: node for node in pve_part.NODES},
            "link_addresses": [
                {node: on_links(ADDRESSES[node])[link] for node in pve_part.NODES} for link in (0, 1)
            ],
            "api": [doors.url(f"{node}/api") for node in pve_part.NODES],
            "token_id": pve_part.TOKEN,
            "secret": secret("pve-token"),
            "tls": tls,
            "guests": {
                str(vmid): {"name": name, "ha": "started", "host": name}
                for name, (vmid, *_) in pve_part.GUESTS.items()
            },
        },
        "application": _application(doors, secret("tomcat-password")),
        "monitoring": {
            "service": {
                "url": doors.url("zabbix"),
                "user": zabbix_part.USER,
                "password": secret("zabbix-password"),
                "tls": tls,
            },
            "token": secret("zabbix-token"),
        },
        "hardware": {
            "service": {
                "url": doors.url("robot"),
                "user": robot_part.USER,
                "password": secret("robot-password"),
                "tls": tls,
            },
            "servers": {str(number): name for name, number in robot_part.NUMBERS.items()},
            "rescue_key": robot_part.KEY,
            "failover_ips": {robot_part.FAILOVER_IP: robot_part.FAILOVER_HOST},
        },
    }


def _application(doors: Doors, password: str) -> Section:
    first = doors.url(f"{tomcat_part.WEBS[0]}/front")
    return {
        "nginx": {
            name: {
                "host": name,
                "status": {"url": doors.url(f"{name}/status") + "/nginx_status"},
                "access_log": tomcat_part.ACCESS_LOG,
            }
            for name in tomcat_part.WEBS
        },
        "tomcats": {
            name: {
                "host": name,
                "manager": {
                    "url": doors.url(f"{name}/http") + "/manager",
                    "user": tomcat_part.USER,
                    "password": password,
                },
            }
            for name in tomcat_part.TOMCATS
        },
        "context": "/app",
        "version_page": {"path": "/", "contains": "version {version} "},
        "build": {"network": "10.0.0.0/24", "cache": 5},
        "journeys": [
            {"name": name, "service": {"url": first + path}, "contains": text}
            for name, path, text in JOURNEYS
        ],
    }
