"""The journal: appended by many, mended after a power cut, and every change of it is found."""

from __future__ import annotations

import errno
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitotui.engine.journal.entry import JournalError, encode
from saitotui.engine.journal.file import Journal, head_file
from saitotui.engine.journal.seal import check, check_seal, seal
from saitotui.engine.journal.verify import Noted, verify


def filled(file: Path, count: int = 8) -> Journal:
    moments = iter(range(1_768_446_000, 1_768_446_000 + 10 * count))
    journal = Journal(file, who="anna@ops1", clock=lambda: float(next(moments)))
    for number in range(count):
        journal.append(
            "note", {"text": f"Zeile {number} é", "value": number, "nested": {"a": [1, None]}}, "0001"
        )
    return journal


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Noted]:
    file = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = filled(file)
    head = journal.head
    return file.read_bytes(), Noted("witness st1", head.seq, head.hash)


def test_a_journal_reads_back_as_it_was_written(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal.jsonl")
    entries = list(journal.entries())
    assert [entry.seq for entry in entries] == list(range(1, 9))
    assert entries[3].body == {"text": "Zeile 3 é", "value": 3, "nested": {"a": [1, None]}}
    assert [entry.seq for entry in journal.entries(after=6)] == [7, 8]
    result = verify(journal.file)
    assert (result.entries, result.broken) == (8, "")
    assert oct(journal.file.stat().st_mode & 0o777) == "0o600"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_changed_byte_is_found(
    original: tuple[bytes, Noted], tmp_path: Path, data: st.DataObject
) -> None:
    content, witness = original
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != content[position]))
    file = tmp_path / "journal.jsonl"
    file.write_bytes(content[:position] + bytes([byte]) + content[position + 1 :])
    assert verify(file, [witness]).broken


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_deletion_swap_insertion_and_truncation_is_found(
    original: tuple[bytes, Noted], tmp_path: Path, data: st.DataObject
) -> None:
    content, witness = original
    lines = content.splitlines(keepends=True)
    kind = data.draw(st.sampled_from(["delete", "swap", "repeat", "cut"]))
    first = data.draw(st.integers(0, len(lines) - 1))
    if kind == "delete":
        del lines[first]
    elif kind == "swap":
        second = data.draw(st.integers(0, len(lines) - 1).filter(lambda other: other != first))
        lines[first], lines[second] = lines[second], lines[first]
    elif kind == "repeat":
        lines.insert(data.draw(st.integers(0, len(lines))), lines[first])
    changed = b"".join(lines)
    if kind == "cut":
        changed = content[: data.draw(st.integers(0, len(content) - 1))]
    file = tmp_path / "journal.jsonl"
    file.write_bytes(changed)
    assert verify(file, [witness]).broken


def test_a_journal_rewritten_as_a_whole_does_not_fool_a_witness(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    before = filled(file).head
    file.unlink()
    head_file(file).unlink()
    forged = Journal(file, who="anna@ops1", clock=lambda: 1_768_446_100.0)
    for _ in range(9):
        forged.append("note", {"text": "nothing happened"})
    assert verify(file).broken == ""
    assert "was rewritten" in verify(file, [Noted("witness st1", before.seq, before.hash)]).broken


def test_a_journal_cut_at_a_line_is_found_by_the_local_note(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal.jsonl")
    lines = journal.file.read_bytes().splitlines(keepends=True)
    journal.file.write_bytes(b"".join(lines[:5]))
    assert "its end was cut off" in verify(journal.file).broken


def test_two_consoles_append_to_one_chain(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    journals = [Journal(file, who=f"console{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: journals[n % 4].append("note", {"n": n}), range(100)))
    result = verify(file)
    assert (result.entries, result.broken) == (100, "")
    assert {entry.body["n"] for entry in journals[0].entries()} == set(range(100))


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_line_half_written_in_a_power_cut_is_kept_and_accounted_for(tmp_path: Path, cut: int) -> None:
    journal = filled(tmp_path / "journal.jsonl")
    content = journal.file.read_bytes()
    last = content.splitlines(keepends=True)[-1]
    torn = content[: len(content) - len(last) + cut]
    journal.file.write_bytes(torn)
    head_file(journal.file).write_text(f"7 {list(journal.entries())[6].hash}\n")
    again = Journal(journal.file, who="anna@ops1", clock=lambda: 1_768_447_000.0)
    again.append("note", {"text": "after the cut"})
    assert journal.file.read_bytes().startswith(torn)
    assert [entry.kind for entry in again.entries(after=7)] == ["torn", "note"]
    assert verify(journal.file).broken == ""


def test_a_full_disk_refuses_the_entry_and_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = filled(tmp_path / "journal.jsonl")
    before = journal.file.read_bytes()
    real = os.write

    def full(handle: int, content: bytes) -> int:
        real(handle, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(JournalError, match="No space left on device; nothing is acted on without it"):
            journal.append("intent", {"command": "SET GLOBAL read_only=1"})
    assert journal.file.read_bytes() == before
    journal.append("note", {"text": "there is room again"})
    assert verify(journal.file).entries == 9


def test_a_folder_that_cannot_be_written_refuses_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written: "):
        Journal(tmp_path / "file" / "journal.jsonl").append("note", {})


def test_a_clock_set_back_refuses(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal.jsonl")
    late = Journal(journal.file, clock=lambda: 1_768_440_000.0)
    with pytest.raises(JournalError, match="behind the journal's last entry: set it right"):
        late.append("note", {})
    assert verify(journal.file).entries == 8


def test_secrets_and_unencodable_text_do_not_get_in(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", redact=lambda text: text.replace("hunter2", "[secret]"))
    journal.append("result", {"hunter2": ["password=hunter2", "\ud800"], "cost": float("nan")})
    content = journal.file.read_bytes()
    assert b"hunter2" not in content
    assert verify(journal.file).broken == ""


def test_a_seal_is_checked_by_plain_ssh_keygen_and_only_its_signer_makes_it(tmp_path: Path) -> None:
    for name in ("anna", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(f"anna@ops1 {(tmp_path / 'anna.pub').read_text()}")
    journal = filled(tmp_path / "journal.jsonl")
    sealed = seal(journal, tmp_path / "anna")
    result = verify(journal.file, check_seal=lambda entry: check_seal(entry, allowed))
    assert (result.broken, result.seals, result.sealed) == ("", 1, 8)
    assert check(sealed.body["hash"], sealed.body["signature"], "anna@ops1", allowed) == ""
    assert check(sealed.body["hash"] + "0", sealed.body["signature"], "anna@ops1", allowed)
    seal(journal, tmp_path / "eve")
    assert "the seal is not good" in verify(journal.file, check_seal=lambda e: check_seal(e, allowed)).broken


def test_a_seal_of_something_else_is_found(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal.jsonl")
    journal.append("seal", {"seq": 8, "hash": "f" * 64, "signature": "", "key": ""})
    assert "what it covers is not in this journal" in verify(journal.file).broken


def test_a_hundred_thousand_entries_verify(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", clock=lambda: 1_768_446_000.0)
    for _ in range(100):
        journal.append_all([("result", {"n": n, "text": "x" * 80}) for n in range(1000)])
    assert verify(journal.file).entries == 100_000
    assert encode(next(iter(journal.entries(after=99_999)))) in journal.file.read_bytes()[-1000:]
