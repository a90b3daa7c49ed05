"""Which certificates a host's agent looks at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from saitotui.config import load_profile
from saitotui.model.profile import HttpService, Profile, Tls
from saitotui.runbooks.recovery.certificates import parameters


@pytest.fixture(scope="module")
def example() -> Profile:
    return load_profile(Path(__file__).parents[2] / "profiles" / "example.yaml")


def test_every_place_that_shows_one_is_looked_at_from_its_host(example: Profile) -> None:
    assert example.database is not None
    assert example.application is not None
    name, server = next(iter(example.database.servers.items()))
    database = replace(example.database, servers={name: replace(server, address="fd00::3", tls=Tls())})
    tomcat, its = next(iter(example.application.tomcats.items()))
    secure = replace(its, manager=HttpService("https://tc.example:8443/manager"))
    journeys = tuple(
        replace(one, service=HttpService("https://shop.example/")) for one in example.application.journeys
    )
    application = replace(example.application, tomcats={tomcat: secure}, journeys=journeys)
    found = parameters(replace(example, database=database, application=application))
    assert "'[fd00::3]:3306 -starttls mysql'" in found[server.host]
    assert "tc.example:8443" in found[its.host]
    first = next(iter(example.application.nginx.values())).host
    assert found[first].count("shop.example:443") == 1
    assert example.cluster is not None
    assert all("127.0.0.1:8006" in found[host] for host in example.cluster.nodes.values())


def test_a_host_that_shows_none_is_not_asked(example: Profile) -> None:
    assert example.storage is not None
    assert not set(example.storage.nodes.values()) & set(parameters(example))
