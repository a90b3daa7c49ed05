"""The SSH client against a real SSH server with a real shell behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.clients.conftest import SshPeer

from saitotui.clients.hub import Hub
from saitotui.model.command import NEW_LOGIN, Answer, Client, Command, Failure, FailureKind
from saitotui.model.profile import Host, Profile


def ask(text: str, host: str = "h", body: str = "") -> Command:
    return Command(Client.SSH, host, text, body)


def host(peer: SshPeer, **changes: str) -> Host:
    known = {"identity": peer.identity, "host_key": peer.key, **changes}
    return Host("127.0.0.1", peer.port, "root", **known)


@pytest.fixture
async def hub(ssh_peer: SshPeer) -> AsyncIterator[Hub]:
    opened = Hub(Profile("t", {"h": host(ssh_peer), "through": host(ssh_peer, jump="h")}))
    yield opened
    await opened.aclose()


async def test_all_commands_of_a_poll_go_in_one_round_trip(hub: Hub, ssh_peer: SshPeer) -> None:
    commands = [ask(f"echo {n}; exit {n}") for n in range(5)]
    first = await hub.ask(commands, 5)
    assert first == [Answer(f"{n}\n", n) for n in range(5)]
    ssh_peer.channels.clear()
    ssh_peer.writes.clear()
    assert await hub.ask(commands, 5) == first
    assert ssh_peer.channels == []
    assert len(ssh_peer.writes) == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("echo out; echo err >&2", Answer("out\nerr\n")),
        ("printf 'no newline'", Answer("no newline")),
        ("printf '\\377\\n'", Answer("\ufffd\n")),
        ("echo 'it''s'; echo \"$HOME\" | wc -l", Answer("its\n1\n")),
        ("cat", Answer("")),
        ("exit 3", Answer("", 3)),
        ("nonsense-command 2>/dev/null", Answer("", 127)),
        ("cd /; x=1", Answer("")),
    ],
)
async def test_what_a_command_prints_comes_back_as_it_was(hub: Hub, text: str, answer: Answer) -> None:
    assert await hub.ask([ask(text), ask("echo next")], 5) == [answer, Answer("next\n")]


async def test_a_command_that_is_no_command_spoils_no_other(hub: Hub) -> None:
    bad, good = await hub.ask([ask("echo 'unclosed"), ask("echo good")], 5)
    assert isinstance(bad, Answer)
    assert bad.status != 0
    assert good == Answer("good\n")


async def test_one_that_hangs_costs_its_own_deadline_and_the_rest_is_still_asked(hub: Hub) -> None:
    before, hung, after = await hub.ask([ask("echo 1"), ask("sleep 60"), ask("echo 2")], 0.5)
    assert (before, after) == (Answer("1\n"), Answer("2\n"))
    assert isinstance(hung, Failure)
    assert hung.kind is FailureKind.TIMEOUT
    assert "no answer within 0.5s to: sleep 60" in hung.sentence


async def test_too_much_is_refused_and_the_next_answer_is_whole(hub: Hub) -> None:
    flood, after = await hub.ask([ask("head -c 5000000 /dev/zero | tr '\\0' x"), ask("echo 2")], 20)
    assert isinstance(flood, Failure)
    assert flood.kind is FailureKind.UNPARSABLE
    assert after == Answer("2\n")


async def test_standard_input_goes_to_the_command(hub: Hub) -> None:
    assert await hub.ask([ask("tr a b; exit 2", body="banana\n")], 5) == [Answer("bbnbnb\n", 2)]


async def test_lines_are_followed_as_they_come(hub: Hub) -> None:
    lines = [line async for line in hub.stream(ask("echo a; echo b"))]
    assert lines == ["a", "b"]


async def test_a_host_behind_another_is_reached_through_it(hub: Hub) -> None:
    assert await hub.ask([ask("echo there", "through")], 10) == [Answer("there\n")]


async def test_a_changed_and_an_unknown_host_key_are_refused_with_what_to_do(
    ssh_peer: SshPeer, tmp_path: Path
) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChBJ7JxgB7cVZl4QkOcqFmDLsFbJvVFhNdwbTr2J"
    (tmp_path / "empty").write_text("")
    hosts = {
        "changed": host(ssh_peer, host_key=other),
        "unknown": host(ssh_peer, host_key="", known_hosts=str(tmp_path / "empty")),
        "known": host(ssh_peer, host_key="", known_hosts=ssh_peer.known_hosts),
    }
    hub = Hub(Profile("t", hosts))
    changed, unknown, known = [(await hub.ask([ask("echo hi", name)], 10))[0] for name in hosts]
    await hub.aclose()
    assert known == Answer("hi\n")
    assert isinstance(changed, Failure)
    assert isinstance(unknown, Failure)
    assert changed.kind is unknown.kind is FailureKind.DENIED
    assert "not the pinned one" in changed.sentence
    assert f"not in {tmp_path / 'empty'}" in unknown.sentence
    assert ssh_peer.channels == ["exec sh"]


async def test_a_key_that_nobody_lets_in_is_denied(ssh_peer: SshPeer, tmp_path: Path) -> None:
    import asyncssh

    stranger = tmp_path / "stranger"
    stranger.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    stranger.chmod(0o600)
    hub = Hub(Profile("t", {"h": host(ssh_peer, identity=str(stranger))}))
    (answer,) = await hub.ask([ask("true")], 10)
    await hub.aclose()
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.DENIED
    assert "no key is accepted for root" in answer.sentence


async def test_nobody_listening_and_nobody_answering_are_two_things(ssh_peer: SshPeer) -> None:
    with socket.socket() as closed, socket.socket() as silent:
        closed.bind(("127.0.0.1", 0))
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        refused = Host("127.0.0.1", closed.getsockname()[1], host_key=ssh_peer.key)
        mute = Host("127.0.0.1", silent.getsockname()[1], host_key=ssh_peer.key)
        hub = Hub(Profile("t", {"refused": refused, "mute": mute}))
        first = (await hub.ask([ask("true", "refused")], 5))[0]
        second = (await hub.ask([ask("true", "mute")], 0.3))[0]
        await hub.aclose()
    assert isinstance(first, Failure)
    assert isinstance(second, Failure)
    assert (first.kind, second.kind) == (FailureKind.REFUSED, FailureKind.UNREACHABLE)


async def test_a_connection_that_breaks_is_opened_again(hub: Hub, ssh_peer: SshPeer) -> None:
    assert await hub.ask([ask("echo 1")], 5) == [Answer("1\n")]
    connection = await hub.host("h").connection(5)
    assert not isinstance(connection, Failure)
    connection.abort()
    await connection.wait_closed()
    assert await hub.ask([ask("echo 2")], 5) == [Answer("2\n")]


async def test_a_connection_that_breaks_in_the_middle_of_an_answer_is_no_defect(hub: Hub) -> None:
    waiting = asyncio.create_task(hub.ask([ask("sleep 30")], 20))
    connection = await hub.host("h").connection(5)
    assert not isinstance(connection, Failure)
    await asyncio.sleep(0.5)
    wire: socket.socket = connection.get_extra_info("socket")
    wire.shutdown(socket.SHUT_RDWR)
    (answer,) = await waiting
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.UNREACHABLE
    assert answer.sentence.endswith(("the remote shell ended", "SSH ended: Connection lost"))


async def test_many_asking_at_once_do_not_wait_for_one_that_is_slow(hub: Hub) -> None:
    slow = asyncio.create_task(hub.ask([ask("sleep 30")], 20))
    quick = await asyncio.gather(*(hub.ask([ask(f"echo {n}")], 10) for n in range(3)))
    assert quick == [[Answer(f"{n}\n")] for n in range(3)]
    assert not slow.done()
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


async def test_a_target_that_the_profile_lacks_is_said(hub: Hub) -> None:
    for client in Client:
        (answer,) = await hub.ask([Command(client, "nowhere", "x")], 1)
        assert isinstance(answer, Failure)
        assert answer.sentence.startswith("the profile has no ")


async def test_a_new_login_is_asked_for_each_such_question(hub: Hub, ssh_peer: SshPeer) -> None:
    """It is no use of the connection that is open, and does not end it."""
    kept = ask("echo $PPID")
    (before,) = await hub.ask([kept], 5)
    ssh_peer.channels.clear()
    for _ in range(2):
        assert await hub.ask([replace(ask("echo in"), session=NEW_LOGIN)], 5) == [Answer("in\n")]
    assert len(ssh_peer.channels) == 2
    assert await hub.ask([kept], 5) == [before]


async def test_a_new_login_that_is_let_in_by_nobody_is_told(ssh_peer: SshPeer) -> None:
    """What is open already says nothing of it."""
    opened = Hub(Profile("t", {"h": host(ssh_peer)}))
    try:
        assert await opened.ask([ask("echo in")], 5) == [Answer("in\n")]
        ssh_peer.stop_listening()
        (refused,) = await opened.ask([replace(ask("echo in"), session=NEW_LOGIN)], 5)
        assert isinstance(refused, Failure)
        assert refused.kind is FailureKind.REFUSED
        assert await opened.ask([ask("echo in")], 5) == [Answer("in\n")]
    finally:
        await opened.aclose()
