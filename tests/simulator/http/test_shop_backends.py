"""The shop in a world with databases, balancers and storage: what fails there shows on its pages."""

from __future__ import annotations

from typing import Any

import pytest

from saitotui.simulator.database import DatabasePart
from saitotui.simulator.haproxy import HaproxyPart
from saitotui.simulator.http_types import Request
from saitotui.simulator.storage import StoragePart


class Shop:
    def __init__(self, platform: Any) -> None:
        self.front, self.world = platform.application.front, platform.world
        haproxy = HaproxyPart(self.world)
        self.database = DatabasePart(self.world, haproxy, {})
        self.storage = StoragePart(self.world)
        self.world.clock.advance(10)

    def page(self, name: str) -> tuple[int, str]:
        reply = self.front.handle("web1", Request("GET", f"/app/{name}"))
        return reply.status, reply.body.decode()


@pytest.fixture
def shop(platform: Any) -> Shop:
    return Shop(platform)


def test_all_is_well(shop: Shop) -> None:
    assert [shop.page(name)[0] for name in ("login", "orders")] == [200, 200]


def test_without_a_master_nobody_orders(shop: Shop) -> None:
    shop.world.inject("service-stop", "db1/mariadb")
    shop.world.clock.advance(1)
    status, text = shop.page("orders")
    assert status == 500
    assert "Communications link failure" in text


def test_a_frozen_master_can_be_read(shop: Shop) -> None:
    shop.database.servers["db1"].read_only = True
    assert shop.page("login")[0] == 200
    status, text = shop.page("orders")
    assert status == 500
    assert "--read-only" in text


def test_one_balancer_is_enough(shop: Shop) -> None:
    shop.world.inject("service-stop", "lb1/haproxy")
    assert shop.page("orders")[0] == 200
    shop.world.inject("service-stop", "lb2/haproxy")
    assert shop.page("orders")[0] == 500


def test_uploads_need_the_export(shop: Shop) -> None:
    shop.world.inject("power-loss", "st1")
    status, text = shop.page("orders")
    assert status == 500
    assert "Input/output error" in text
    assert shop.page("login")[0] == 200
