"""One poll of many hosts, connections open: this console next to bare asyncssh that makes the same round
trips through persistent shells, next to an exec for each, and next to other people's tools."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
from tests.bench.peers import Missing, needs, tool
from tests.bench.rows import Result, Row, Skipped, alternate, alternate_async

from saitotui.clients.hub import Hub
from saitotui.clients.ssh_shell import frame
from saitotui.engine.poll import Memory, lanes, look
from saitotui.model.profile import Host, Profile
from saitotui.tiers.hosts import TIER

SIZES = (12, 100, 1000)
ROUNDS = 5
OTHERS_SIZE = 100
OTHERS_LIMIT = 120.0
"""Seconds that one round of another tool may take."""
NONCE = "0123456789abcdef"


@contextmanager
def hosts() -> Iterator[Mapping[str, Any]]:
    """An SSH server in a process of its own; how to reach it."""
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as folder:
        command = [sys.executable, "-m", "tests.bench.hosts_child", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())
            child.stdin.close()


class Ours:
    """Hub and poll, as the console has them."""

    def __init__(self, size: int, way: Mapping[str, Any]) -> None:
        host = Host(
            "127.0.0.1", port=way["port"], user="root", identity=way["identity"], host_key=way["host_key"]
        )
        profile = Profile("bench", {f"h{number}": host for number in range(size)})
        tier = TIER.build(profile)
        assert tier is not None
        self.questions = tuple(tier.questions)
        self._hub, self._memory = Hub(profile), Memory()

    async def poll(self) -> None:
        await look(self._hub, self.questions, self._memory, time.time)

    async def aclose(self) -> None:
        await self._hub.aclose()


class Bare:
    """The same commands in the same round trips, over asyncssh alone: nothing is read of their answers."""

    def __init__(self, questions: Iterable[Any], way: Mapping[str, Any]) -> None:
        self._way = way
        self.trips = [
            (lane[1], [question.command.text for question in group])
            for lane, group in lanes(questions).items()
        ]
        self._connections: dict[str, asyncssh.SSHClientConnection] = {}
        self._shells: list[asyncssh.SSHClientProcess[bytes]] = []

    @property
    def script(self) -> str:
        """Everything that is asked of one host, as one line for a shell."""
        first = self.trips[0][0]
        return "; ".join(text for name, texts in self.trips if name == first for text in texts)

    async def open(self) -> None:
        known = asyncssh.import_known_hosts(f"[127.0.0.1]:{self._way['port']} {self._way['host_key']}")
        places = asyncio.Semaphore(50)

        async def one(name: str) -> None:
            async with places:
                self._connections[name] = await asyncssh.connect(
                    "127.0.0.1", self._way["port"], username="root", client_keys=[self._way["identity"]],
                    known_hosts=known,
                )  # fmt: skip

        await asyncio.gather(*(one(name) for name in dict(self.trips)))
        self._shells = [
            await self._connections[name].create_process("exec sh", encoding=None) for name, _ in self.trips
        ]

    async def poll(self) -> None:
        trips = zip(self._shells, self.trips, strict=True)
        await asyncio.gather(*(self._one(shell, texts) for shell, (_, texts) in trips))

    async def _one(self, shell: asyncssh.SSHClientProcess[bytes], texts: Sequence[str]) -> None:
        shell.stdin.write("".join(frame(text, NONCE, n) for n, text in enumerate(texts)).encode())
        for number in range(len(texts)):
            await shell.stdout.readuntil(f"{NONCE} {number} 0\n".encode())

    async def execs(self) -> None:
        """A new channel for each round trip."""
        done = (self._connections[name].run("; ".join(texts)) for name, texts in self.trips)
        await asyncio.gather(*done)

    async def aclose(self) -> None:
        for connection in self._connections.values():
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in self._connections.values()))


async def _wall(poll: Any) -> float:
    began = time.perf_counter()
    await poll()
    return (time.perf_counter() - began) * 1000


async def _cpu(poll: Any) -> float:
    began = time.process_time()
    await poll()
    return (time.process_time() - began) * 1000


async def _size(size: int, way: Mapping[str, Any]) -> list[Result]:
    ours = Ours(size, way)
    bare = Bare(ours.questions, way)
    await bare.open()
    for _ in range(3):
        await ours.poll()
        await bare.poll()
    rows: list[Result] = []
    for name, take in (("wall", _wall), ("CPU", _cpu)):
        mine, other = await alternate_async(lambda: take(ours.poll), lambda: take(bare.poll), rounds=ROUNDS)  # noqa: B023
        rows.append(Row(f"one poll of {size} hosts, {name}", mine, "ms", other, "bare asyncssh, shells", 1.3))
    mine, other = await alternate_async(lambda: _wall(bare.poll), lambda: _wall(bare.execs), rounds=3)
    rows.append(Row(f"persistent shells, {size} hosts, wall", mine, "ms", other, "an exec a host", 1.0))
    await ours.aclose()
    await bare.aclose()
    return rows


def _others(size: int, way: Mapping[str, Any], folder: Path) -> Iterable[Result]:
    """What the same poll costs with other people's tools, over ssh(1)'s own shared connections where they use
    that; each after one round that opens them."""
    what = f"one poll of {size} hosts, wall"
    loop = asyncio.new_event_loop()
    ours = Ours(size, way)
    script = Bare(ours.questions, way).script
    try:
        for name, open_tool in _TOOLS.items():
            try:
                with open_tool(size, way, folder, script) as take:
                    take()
                    loop.run_until_complete(ours.poll())
                    mine, other = alternate(
                        lambda: loop.run_until_complete(_wall(ours.poll)),
                        take,
                        rounds=3,
                    )
                yield Row(what, mine, "ms", other, name, 1.0)
            except Missing as error:
                yield Skipped(f"{what}, against {name}", str(error))
    finally:
        loop.run_until_complete(ours.aclose())
        loop.close()


def _timed(command: Sequence[str]) -> Callable[[], float]:
    """Runs a program that must succeed; milliseconds."""

    def take() -> float:
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=OTHERS_LIMIT)
        if done.returncode:
            raise Missing(f"it failed: {done.stderr[-200:].decode(errors='replace')}")
        return (time.perf_counter() - began) * 1000

    return take


def _ssh_config(size: int, way: Mapping[str, Any], folder: Path) -> Path:
    needs("ssh")
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{way['port']} {way['host_key']}\n")
    file = folder / "ssh_config"
    file.write_text(
        f"Host h*\n  HostName 127.0.0.1\n  Port {way['port']}\n  User root\n"
        f"  IdentityFile {way['identity']}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {known}\n  HostKeyAlias [127.0.0.1]:{way['port']}\n"
        f"  ControlMaster auto\n  ControlPath {folder}/%n\n  ControlPersist 60\n"
    )
    return file


@contextmanager
def _clush(size: int, way: Mapping[str, Any], folder: Path, script: str) -> Iterator[Callable[[], float]]:
    config = _ssh_config(size, way, folder)
    names = f"h[0-{size - 1}]"
    yield _timed([tool("clush"), "-f", str(size), "-o", f"-F {config}", "-w", names, "-B", script])


@contextmanager
def _ansible(size: int, way: Mapping[str, Any], folder: Path, script: str) -> Iterator[Callable[[], float]]:
    config = _ssh_config(size, way, folder)
    inventory = folder / "inventory"
    inventory.write_text("".join(f"h{number}\n" for number in range(size)))
    yield _timed(
        [tool("ansible"), "all", "-i", str(inventory), "-f", str(size), "-m", "raw", "-a", script,
         "--ssh-common-args", f"-F {config}"]
    )  # fmt: skip


_PSSH = """
import sys, time
from pssh.clients import ParallelSSHClient
from pssh.config import HostConfig
size, port, key, script = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
client = ParallelSSHClient(["127.0.0.1"] * size, port=port, user="root", pkey=key, pool_size=size)
while sys.stdin.readline():
    began = time.perf_counter()
    answers = client.run_command(script)
    client.join(answers)
    for answer in answers:
        list(answer.stdout)
    print((time.perf_counter() - began) * 1000, flush=True)
"""


@contextmanager
def _parallel_ssh(
    size: int, way: Mapping[str, Any], folder: Path, script: str
) -> Iterator[Callable[[], float]]:
    command = [tool("python"), "-c", _PSSH, str(size), str(way["port"]), way["identity"], script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def take() -> float:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("again\n")
            child.stdin.flush()
            said = child.stdout.readline()
            if not said:
                raise Missing("it ended")
            return float(said)

        try:
            yield take
        finally:
            child.kill()


_TOOLS = {"parallel-ssh": _parallel_ssh, "clush": _clush, "ansible": _ansible}


def bench() -> Iterable[Result]:
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as folder, hosts() as way:
        for size in SIZES:
            yield from asyncio.run(_size(size, way))
        yield from _others(OTHERS_SIZE, way, Path(folder))
