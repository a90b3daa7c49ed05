"""A real nginx reads its configuration again under requests: none fails, and old workers are watched."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.lab.host import wait_for
from tests.lab.nginx import PORT
from tests.lab.platform import Lab
from tests.lab.swaps import begun

pytestmark = pytest.mark.lab

ID = "reload-nginx"
LIMIT = 120.0


@contextmanager
def visited(lab: Lab) -> Iterator[Counter[int]]:
    """Visitors come in the block; the HTTP statuses they get."""
    got: Counter[int] = Counter()
    done = threading.Event()

    def visit(path: str) -> None:
        while not done.wait(0.005):
            got[lab.nginx.get(path)] += 1

    visitors = [threading.Thread(target=visit, args=(path,)) for path in ("/", "/app/orders", "/app/login")]
    for one in visitors:
        one.start()
    try:
        yield got
    finally:
        done.set()
        for one in visitors:
            one.join()


def test_nobody_notices_and_the_old_worker_is_watched(platform: Lab, tmp_path: Path) -> None:
    held = socket.create_connection((platform.address("web1"), PORT))
    held.sendall(b"GET / HTTP/1.1\r\n")  # a visitor in the middle of a request keeps the old worker

    def watched() -> bool:
        events = tmp_path.glob("*/*/runs/*/events.jsonl")
        return any("1 old worker with connections left" in path.read_text("utf-8") for path in events)

    with visited(platform) as got:
        run = begun(platform, tmp_path, ID)
        end = threading.Timer(LIMIT, run.kill)
        end.start()
        wait_for("the old worker to be watched", watched)
        assert run.poll() is None
        held.sendall(b"Host: shop\r\nConnection: close\r\n\r\n")
        with held:
            answer = b"".join(iter(lambda: held.recv(65536), b""))
        said, _ = run.communicate()
        end.cancel()
    assert answer.startswith(b"HTTP/1.1 200")
    assert run.returncode == 0, said
    assert "new workers serve" in said
    print(f"\nreload-nginx: {dict(got)} requests by status")
    assert set(got) == {200}
    assert got.total() > 100


def test_a_mistake_is_found_before_anything_is_done(platform: Lab, tmp_path: Path) -> None:
    sound = platform.nginx.config.read_text("utf-8")
    platform.nginx.config.write_text(sound.replace("worker_processes", "worker_procesess", 1), "utf-8")
    try:
        run = begun(platform, tmp_path, ID)
        said, _ = run.communicate(timeout=LIMIT)
    finally:
        platform.nginx.config.write_text(sound, "utf-8")
    assert run.returncode not in (0, 1), said
    assert "unknown directive" in said
    assert platform.nginx.get("/app/orders") == 200
