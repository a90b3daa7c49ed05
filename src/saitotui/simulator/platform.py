"""The simulated platform's machines, and the page that says how to talk to them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ARCHITECTURE = {
    "pve1": ("physical", 128, 32),
    "pve2": ("physical", 128, 32),
    "pve3": ("physical", 128, 32),
    "st1": ("physical", 64, 16),
    "st2": ("physical", 64, 16),
    "db1": ("guest", 16, 8),
    "db2": ("guest", 16, 8),
    "lb1": ("guest", 4, 2),
    "lb2": ("guest", 4, 2),
    "web1": ("guest", 4, 4),
    "web2": ("guest", 4, 4),
    "tc1": ("guest", 8, 4),
    "tc2": ("guest", 8, 4),
    "tc3": ("guest", 8, 4),
    "mon1": ("guest", 8, 4),
}
"""Kind, memory (GiB) and cores by name."""

ADDRESSES = {
    "pve1": "10.0.0.11",
    "pve2": "10.0.0.12",
    "pve3": "10.0.0.13",
    "st1": "10.0.0.21",
    "st2": "10.0.0.22",
    "lb1": "10.0.0.31",
    "lb2": "10.0.0.32",
    "db1": "10.0.0.41",
    "db2": "10.0.0.42",
    "web1": "10.0.0.51",
    "web2": "10.0.0.52",
    "tc1": "10.0.0.61",
    "tc2": "10.0.0.62",
    "tc3": "10.0.0.63",
    "mon1": "10.0.0.71",
}


def readme(folder: Path, ports: Mapping[str, int]) -> str:
    """Commands that work while the simulation runs."""
    mysql = "\n".join(
        f"  mysql -h 127.0.0.1 -P {port} -u saitotui -p$(cat {folder}/secrets/db)   # {name}"
        for name, port in ports.items()
    )
    return f"""The simulated platform fsn1. It ends with the program that runs it.

  saitotui --profile {folder}/profile.yaml
  saitotui status --profile {folder}/profile.yaml
  ssh -F {folder}/ssh_config st1 drbdadm status
{mysql}
  curl --cacert {folder}/ca.pem -H "Authorization: PVEAPIToken=..." https://127.0.0.1:PORT/api2/json/version

Versions to deploy, some of which fail, are in {folder}/wars:

  saitotui plan parallel-deploy-war -p war={folder}/wars/app##002.war --profile {folder}/profile.yaml

Addresses and ports are in profile.yaml, secrets in {folder}/secrets.
"""
