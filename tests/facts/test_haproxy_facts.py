"""Readers of HAProxy's runtime API and configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from saitotui.facts import haproxy, haproxy_config
from saitotui.facts.haproxy_config import ask_config
from saitotui.model.command import Answer, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "database"
STATS = sorted(RECORDINGS.glob("*/*/haproxy.show-stat.csv"))

CONFIG = """\
# the pair
global
    stats socket /run/haproxy/admin.sock mode 600 level admin
    server-state-file {state}
defaults
    load-server-state-from-file global
userlist ops
    user anna insecure-password secret-of-anna
listen mysql_write
    bind 127.0.0.1:3306
    option mysql-check user haproxy post-41
    default-server inter 500ms
    server db1 127.0.0.1:3306 check
    server db2 127.0.0.2:3306 check disabled   # standby
backend classic
    load-server-state-from-file none
    stick on dst
    server db1 127.0.0.1:3306 check
    server db2 127.0.0.2:3306 check backup
"""


@pytest.mark.parametrize("path", STATS, ids=lambda path: path.parent.name)
def test_every_recorded_answer_is_read(path: Path) -> None:
    lines = haproxy.stat(Answer(path.read_text()))
    servers = {line.name: line for line in lines if line.proxy == "mysql_write" and line.is_server}
    assert set(servers) == {"db1", "db2"}
    assert all(line.status in ("UP", "DOWN", "MAINT") for line in servers.values())
    states = haproxy.servers_state(Answer((path.parent / "haproxy.show-servers-state.txt").read_text()))
    kept_out = {state.name for state in states if state.backend == "mysql_write" and state.maintenance}
    assert kept_out == {name for name, line in servers.items() if line.maintenance}
    info = haproxy.info(Answer((path.parent / "haproxy.show-info.txt").read_text()))
    assert info.version.startswith("2.6.12")
    assert not info.stopping


def test_enough_recordings() -> None:
    assert len(STATS) == 20


def test_notes_of_states() -> None:
    header = "# pxname,svname,scur,status,bck,type,lastchg,"
    text = f"{header}\nw,a,0,UP 1/3,0,2,5,\nw,b,0,MAINT (via x/y),1,2,,\nw,c,0,no check,0,2,,\n"
    a, b, c = haproxy.stat(Answer(text))
    assert (a.status, a.note, a.takes, a.since) == ("UP", "UP 1/3", True, 5.0)
    assert (b.status, b.maintenance, b.backup, b.since) == ("MAINT", True, True, None)
    assert c.takes


@pytest.mark.parametrize(
    "text", ["", "\n", "Unknown command", "# pxname,svname\n", "# pxname,svname,status\nw,a\n", "<html>"]
)
def test_no_statistics(text: str) -> None:
    with pytest.raises(Unparsable):
        haproxy.stat(Answer(text))


@pytest.mark.parametrize("text", ["", "2\n# be_id be_name\n", "1\nbe_id\n", "1\n# be_id be_name\n1 w\n"])
def test_no_server_state(text: str) -> None:
    with pytest.raises(Unparsable):
        haproxy.servers_state(Answer(text))


@pytest.mark.parametrize("text", ["", "Name: HAProxy\n", "\x00\x01"])
def test_no_info(text: str) -> None:
    with pytest.raises(Unparsable):
        haproxy.info(Answer(text))


def run(command: str) -> Answer:
    done = subprocess.run(
        ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return Answer(done.stdout, done.returncode)


def test_the_configuration_as_a_shell_shows_it(tmp_path: Path) -> None:
    state, path = tmp_path / "it's state", tmp_path / "ha proxy.cfg"
    saved = (RECORDINGS / "mariadb-10.11" / "healthy" / "haproxy.show-servers-state.txt").read_text()
    state.write_text(saved)
    path.write_text(CONFIG.format(state=tmp_path / "state"))
    (tmp_path / "state").write_text(saved)
    answer = run(ask_config(str(path)))
    assert "secret-of-anna" not in answer.text
    found = haproxy_config.config(answer)
    write, classic = found.backends["mysql_write"], found.backends["classic"]
    assert found.state_file == str(tmp_path / "state")
    assert (write.servers, write.disabled, write.fallback) == (("db1", "db2"), ("db2",), ())
    assert (write.loads_state, write.checks, write.sticky) == ("global", ("mysql-check",), False)
    assert (classic.fallback, classic.loads_state, classic.sticky) == (("db2",), "", True)
    assert found.saved == haproxy.servers_state(Answer(saved))
    named = haproxy_config.config(run(ask_config(str(path), str(state))))
    assert named.saved == found.saved


def test_a_state_file_that_is_missing_or_mangled_is_none(tmp_path: Path) -> None:
    path = tmp_path / "haproxy.cfg"
    path.write_text(CONFIG.format(state=tmp_path / "nowhere"))
    assert haproxy_config.config(run(ask_config(str(path)))).saved is None
    (tmp_path / "nowhere").write_text("half a li")
    assert haproxy_config.config(run(ask_config(str(path)))).saved is None


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    for answer in (run(ask_config(str(tmp_path / "none.cfg"))), Answer("global\n"), Answer("")):
        with pytest.raises(Unparsable):
            haproxy_config.config(answer)
