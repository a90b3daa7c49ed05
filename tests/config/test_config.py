"""Profiles: every error at once, on its line; secrets never written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from saitotui.config import ConfigError, find_profile, load_profile, load_screens
from saitotui.resources import data

GOOD = """
name: fsn1
environment: {name: lab}
hosts:
  db1: {address: 127.0.0.1, jump: gate, known_hosts: keys/known_hosts}
  gate: {address: 127.0.0.2}
database:
  servers:
    db1: {host: db1, user: ctl, password: "file:secret"}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "p.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_profile(file)
    return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]


def test_a_good_profile_loads_and_its_paths_count_from_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(GOOD)
    profile = load_profile(file)
    assert profile.hosts["db1"].known_hosts == str(tmp_path / "keys/known_hosts")
    assert profile.database is not None
    assert profile.database.servers["db1"].password == f"file:{tmp_path / 'secret'}"


def test_every_error_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        "name: 7\nhosts:\n  a: {adress: x, port: many}\nstorage:\n  nodes: {a: a}\n  manager: corosync\n"
        "database:\n  servers:\n    db1: {host: a, user: u, password: hunter2}\n",
    )
    assert [line.split(":")[0] for line in told] == ["1", "3", "3", "3", "6", "9"]
    assert "3: hosts.a.adress: is not a key that exists here" in told
    assert "3: hosts.a.address: is missing" in told
    assert not any("hunter2" in line for line in told)


def test_names_must_exist_and_jumps_must_end(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        "name: x\nhosts:\n  a: {address: x, jump: b}\n  b: {address: y, jump: a}\n"
        "  c: {address: z, jump: d}\n"
        "application:\n  nginx: {w: {host: q, status: {url: ftp://x}}}\n  tomcats: {}\n",
    )
    assert "3: hosts.a.jump: leads back to the host itself" in told
    assert "5: hosts.c.jump: names the host 'd', which is not under hosts" in told
    assert "7: application.nginx.w.host: names the host 'q', which is not under hosts" in told
    assert "7: application.nginx.w.status.url: must begin with http:// or https://" in told


def test_what_hosts_are_made_of_must_be_networks_servers_and_hosts(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        "name: x\nhosts: {a: {address: x}}\nbuild:\n  networks: [10.0.0.0/24, 10.0.0.1/24, all]\n"
        "  logins: ['2001:db8::/32']\n  time_servers: ['ntp1 iburst', ntp2.example.com]\n  open: {b: [80]}\n",
    )
    assert told == [
        "4: build.networks.1: must be a network with its prefix (10.0.0.0/24)",
        "4: build.networks.2: must be a network with its prefix (10.0.0.0/24)",
        "6: build.time_servers.0: must be a name or an address",
        "7: build.open.b: names the host 'b', which is not under hosts",
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "must be a mapping; see profiles/example.yaml"),
        ("- 1", "must be a mapping"),
        ("a: [", "is not YAML"),
        ("a: 1\na: 2", "is given twice"),
        ("a: &x [*x]", "refers to itself"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
        ("name: \x00", "is not YAML"),
    ],
)
def test_what_is_not_a_profile_is_refused_in_a_sentence(tmp_path: Path, text: str, what: str) -> None:
    assert what in problems(tmp_path, text)[0]


def test_files_that_cannot_be_read_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml:1: cannot be read: No such file"):
        load_profile(tmp_path / "nowhere.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: M\xfcnchen")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_profile(tmp_path / "latin.yaml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from(["name", "hosts", "database", "storage", "cluster", "application", "hardware", "x"])


@given(st.dictionaries(KEYS, VALUES))
def test_whatever_is_in_the_file_it_loads_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]
) -> None:
    file = tmp_path_factory.mktemp("any") / "p.yaml"
    file.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    try:
        profile = load_profile(file)
    except ConfigError as error:
        told = error.problems
    else:
        told = ()
        assert profile.name == value["name"]
    assert all(problem.what and problem.line >= 1 for problem in told)


def test_the_default_profile_is_found_or_it_is_said_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAITOTUI_PROFILES", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=f"no profile called default: looked in {tmp_path}"):
        find_profile()
    (tmp_path / "only.yaml").write_text(GOOD)
    assert find_profile() == tmp_path / "only.yaml"
    (tmp_path / "default.yaml").write_text(GOOD)
    assert find_profile() == tmp_path / "default.yaml"
    assert find_profile("only") == tmp_path / "only.yaml"
    assert find_profile("./x.yaml") == Path("x.yaml")


def test_the_shipped_template_is_a_valid_profile_of_the_whole_platform() -> None:
    profile = load_profile(data("profiles") / "example.yaml")
    assert profile.cluster is not None
    assert len(profile.cluster.nodes) == 3
    assert profile.database is not None
    assert profile.storage is not None
    assert profile.application is not None
    assert profile.monitoring is not None
    assert profile.hardware is not None


def test_every_shipped_screen_is_valid_and_has_a_key_of_its_own() -> None:
    screens = load_screens()
    keys = [screen.key for screen in screens if screen.key]
    assert len(keys) == len(set(keys))
