"""What lies in a WAR, how its classes are serialised, and how two of them differ."""

from __future__ import annotations

import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitotui.clients import class_file
from saitotui.clients.class_file import ClassFile, NoClass
from saitotui.clients.war import describe
from saitotui.facts.war import differences, war
from saitotui.model.command import Answer, Json, Unparsable


def compiled(name: str, parent: str = "java/lang/Object", interfaces: tuple[str, ...] = (),
             uid: int | None = None) -> bytes:  # fmt: skip
    """A class file as javac makes it, without methods (JVMS 4.1)."""
    pool: list[bytes] = []

    def constant(content: bytes) -> int:
        pool.append(content)
        # A long takes two places (4.4.5).
        return 1 + sum(2 if one[0] == 5 else 1 for one in pool[:-1])

    def text(value: str) -> int:
        return constant(b"\x01" + struct.pack(">H", len(value)) + value.encode())

    def of_class(value: str) -> int:
        return constant(b"\x07" + struct.pack(">H", text(value)))

    this, above = of_class(name), of_class(parent)
    mine = [of_class(one) for one in interfaces]
    field = b""
    if uid is not None:
        number = constant(b"\x05" + struct.pack(">q", uid))
        field = struct.pack(">HHHH", 0x1A, text("serialVersionUID"), text("J"), 1)
        field += struct.pack(">HIH", text("ConstantValue"), 2, number)
    count = 1 + sum(2 if one[0] == 5 else 1 for one in pool)
    head = struct.pack(">IHHH", class_file.MAGIC, 0, 61, count) + b"".join(pool)
    body = struct.pack(">HHHH", 0x21, this, above, len(mine)) + b"".join(struct.pack(">H", i) for i in mine)
    return head + body + struct.pack(">H", int(uid is not None)) + field + struct.pack(">HH", 0, 0)


SERIALIZABLE = ("java/io/Serializable",)


@pytest.mark.parametrize("uid", [None, 1, -42, -(1 << 63)])
def test_what_a_class_declares(uid: int | None) -> None:
    found = class_file.read(compiled("shop/Cart", "shop/Base", SERIALIZABLE, uid))
    assert found == ClassFile("shop/Cart", "shop/Base", SERIALIZABLE, uid)


@given(st.binary(max_size=400), st.integers(0, 200))
def test_whatever_the_bytes_are_it_is_a_class_or_none(junk: bytes, cut: int) -> None:
    whole = compiled("shop/Cart", interfaces=SERIALIZABLE, uid=7)
    for content in (junk, whole[:cut], whole[:cut] + junk, struct.pack(">I", class_file.MAGIC) + junk):
        with suppress(NoClass):
            assert isinstance(class_file.read(content), ClassFile)


WEB_XML = '<?xml version="1.0"?>\n<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee">{}</web-app>'


def built(folder: Path, name: str, classes: dict[str, bytes], inside: str = "<distributable/>") -> Path:
    file = folder / name
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nBuild-Id: 4\r\n 711\r\n\r\nName: x\r\n"
        )
        archive.writestr("WEB-INF/web.xml", WEB_XML.format(inside))
        for one, content in classes.items():
            archive.writestr(f"WEB-INF/classes/{one}.class", content)
    return file


def test_which_of_its_objects_can_be_serialised(tmp_path: Path) -> None:
    classes = {
        "shop/Cart": compiled("shop/Cart", "shop/Base"),
        "shop/Base": compiled("shop/Base", interfaces=SERIALIZABLE, uid=3),
        "shop/Page": compiled("shop/Page"),
        "shop/Junk": b"no class",
    }
    found = war(Answer(data={**describe(built(tmp_path, "a.war", classes)), "before": None}))
    assert (found.broken, found.distributable, found.build) == ("", True, "Build-Id 4711")
    assert {name: one.uid for name, one in found.serializable.items()} == {"shop.Base": 3, "shop.Cart": None}


def test_what_one_version_cannot_read_of_the_other(tmp_path: Path) -> None:
    def version(name: str, *classes: tuple[str, int | None, tuple[str, ...]]) -> dict[str, Json]:
        files = {one: compiled(one, interfaces=(*SERIALIZABLE, *more), uid=uid) for one, uid, more in classes}
        return describe(built(tmp_path, name, files))

    old = version("1.war", ("Kept", 1, ()), ("Other", 1, ()), ("Grown", None, ()), ("Same", None, ()))
    new = version("2.war", ("Kept", 1, ("X",)), ("Other", 2, ()), ("Grown", None, ("X",)), ("Same", None, ()),
                  ("New", 1, ()))  # fmt: skip
    found = war(Answer(data={**new, "before": old}))
    assert found.before is not None
    assert differences(found.before, found) == ("Grown", "Other")


@pytest.mark.parametrize(
    ("inside", "distributable"),
    [
        ("", False),
        ("<display-name>a</display-name><distributable/>", True),
        ("<a><distributable/></a>", False),
        ("<", None),
    ],
)
def test_whether_its_sessions_may_be_copied(tmp_path: Path, inside: str, distributable: bool | None) -> None:
    data = describe(built(tmp_path, "a.war", {}, inside))
    assert war(Answer(data={**data, "before": None})).distributable is distributable


def test_what_is_broken_is_said(tmp_path: Path) -> None:
    whole = built(tmp_path, "a.war", {"shop/Cart": compiled("shop/Cart")}).read_bytes()
    cut, spoiled, text = tmp_path / "cut.war", tmp_path / "spoiled.war", tmp_path / "text.war"
    cut.write_bytes(whole[: len(whole) // 2])
    at = whole.index(b"<web-app")
    spoiled.write_bytes(whole[:at] + b"<wub" + whole[at + 4 :])
    text.write_text("not an archive")
    for file, word in ((cut, "not a whole archive"), (spoiled, "checksum"), (text, "not a whole archive")):
        assert word in str(describe(file)["broken"])
    with pytest.raises(Unparsable):
        war(Answer("x"))
