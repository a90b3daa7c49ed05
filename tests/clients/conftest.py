"""Real servers in this process for the clients to talk to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from saitotui.simulator.certificates import authority_and_server

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class SshPeer:
    """An SSH server whose shell is a real `sh`, in a folder of its own."""

    port: int
    key: str
    identity: str
    known_hosts: str
    channels: list[str] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    started: list[asyncio.Future[asyncio.subprocess.Process]] = field(default_factory=list)
    """The shells, also those that were being started when whoever did was cancelled."""
    stop_listening: Callable[[], None] = lambda: None
    """Lets nobody else in; who is in stays."""


async def _child(peer: SshPeer, command: str) -> asyncio.subprocess.Process:
    """A shell, of which the peer knows from its first moment on."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            "sh",
            "-c",
            command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    )
    peer.started.append(starting)
    return await asyncio.shield(starting)


async def _end(child: asyncio.subprocess.Process) -> None:
    """The shell and all that it started. Who is cancelled while he waits for that has closed its pipes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child._transport.close()  # type: ignore[attr-defined]
    await child.wait()


async def _shell(peer: SshPeer, process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Runs what is asked in a real shell, noting each channel and each chunk that arrives. The shell and all
    that it started end with the channel."""
    command = process.command or "sh"
    peer.channels.append(command)
    task = asyncio.current_task()
    assert task is not None
    peer.tasks.add(task)
    child = await _child(peer, command)
    given, printed = child.stdin, child.stdout
    assert given is not None
    assert printed is not None

    async def inwards() -> None:
        while content := await process.stdin.read(1 << 20):
            peer.writes.append(len(content))
            given.write(content)
        given.close()

    async def outwards() -> None:
        while content := await printed.read(65_536):
            process.stdout.write(content)
        process.exit(await child.wait())

    tasks = [asyncio.create_task(inwards()), asyncio.create_task(outwards())]
    closed = asyncio.create_task(process.wait_closed())
    try:
        await asyncio.wait([tasks[1], closed], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, closed):
            task.cancel()
        await asyncio.gather(*tasks, closed, return_exceptions=True)
        await _end(child)


@pytest.fixture
async def ssh_peer(tmp_path: Path) -> AsyncIterator[SshPeer]:
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    identity = tmp_path / "id"
    identity.write_bytes(user_key.export_private_key())
    identity.chmod(0o600)
    peer = SshPeer(
        0, host_key.export_public_key().decode().strip(), str(identity), str(tmp_path / "known_hosts")
    )

    class Server(asyncssh.SSHServer):
        def unix_connection_requested(self, dest_path: str) -> bool:
            return True

        def connection_requested(
            self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
        ) -> bool:
            return True

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Server,
        server_host_keys=[host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(user_key.export_public_key().decode()),
        process_factory=lambda process: _shell(peer, process),
        encoding=None,
        line_editor=False,
    )
    peer.port = server.get_port()
    peer.stop_listening = server.close
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{peer.port} {peer.key}\n")
    yield peer
    server.close()
    await server.wait_closed()
    for task in peer.tasks:
        task.cancel()
    await asyncio.gather(*peer.tasks, return_exceptions=True)
    for starting in peer.started:
        await _end(await starting)


@pytest.fixture
async def tcp() -> AsyncIterator[Callable[[Talk], Awaitable[int]]]:
    """Starts servers that talk as a test says; gives their ports."""
    servers: list[asyncio.Server] = []

    async def start(talk: Talk) -> int:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await talk(reader, writer)
            except (OSError, asyncio.CancelledError):
                return
            finally:
                writer.close()

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()


@dataclass
class Tls:
    folder: Path
    server: ssl.SSLContext

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")

    @property
    def fingerprint(self) -> str:
        import hashlib

        pem = (self.folder / "server.pem").read_text()
        begin = pem.index("-----BEGIN CERTIFICATE")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[begin:])).hexdigest()


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Tls(folder, authority_and_server(folder))
