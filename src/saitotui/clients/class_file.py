"""The little of a Java class file that says how its objects are serialised.

The Java Virtual Machine Specification, 4 ("The class File Format"); the Java Object Serialization
Specification, 4.6 ("Stream Unique Identifiers").
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = 0xCAFEBABE
_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}
"""Bytes of a constant by its tag (4.4), but for text (1)."""
_TEXT, _LONG, _DOUBLE, _CLASS = 1, 5, 6, 7


@dataclass(frozen=True, slots=True)
class ClassFile:
    """Names are as in the file (`java/io/Serializable`); `uid` is the `serialVersionUID` that it declares."""

    name: str
    parent: str
    interfaces: tuple[str, ...]
    uid: int | None


class NoClass(ValueError):
    """The bytes are no class file."""


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, format: str) -> tuple[int, ...]:
        try:
            found = struct.unpack_from(format, self._content, self._at)
        except struct.error:
            raise NoClass("it ends too early") from None
        self._at += struct.calcsize(format)
        return found

    def u2(self) -> int:
        return self.take(">H")[0]

    def u4(self) -> int:
        return self.take(">I")[0]

    def skip(self, count: int) -> bytes:
        part = self._content[self._at : self._at + count]
        if len(part) < count:
            raise NoClass("it ends too early")
        self._at += count
        return part


def read(content: bytes) -> ClassFile:
    """Raises NoClass with a sentence."""
    reader = _Reader(content)
    if reader.u4() != MAGIC:
        raise NoClass("it does not begin as a class file does")
    reader.skip(4)
    constants = _constants(reader)

    def named(index: int) -> str:
        tag, value = constants.get(index, (0, b""))
        if tag != _CLASS:
            return ""
        return constants.get(struct.unpack(">H", value)[0], (0, b""))[1].decode("utf-8", "replace")

    reader.skip(2)
    name, parent = named(reader.u2()), named(reader.u2())
    interfaces = tuple(named(reader.u2()) for _ in range(reader.u2()))
    return ClassFile(name, parent, interfaces, _uid(reader, constants))


def _constants(reader: _Reader) -> dict[int, tuple[int, bytes]]:
    count, index = reader.u2(), 1
    found: dict[int, tuple[int, bytes]] = {}
    while index < count:
        tag = reader.skip(1)[0]
        if tag != _TEXT and tag not in _SIZES:
            raise NoClass(f"a constant of the kind {tag}")
        found[index] = tag, reader.skip(reader.u2() if tag == _TEXT else _SIZES[tag])
        index += 2 if tag in (_LONG, _DOUBLE) else 1
    return found


def _uid(reader: _Reader, constants: dict[int, tuple[int, bytes]]) -> int | None:
    """The constant value of the field `serialVersionUID` (4.5, 4.7.2)."""
    found = None
    for _ in range(reader.u2()):
        _, name, _, attributes = reader.take(">HHHH")
        mine = constants.get(name, (0, b""))[1] == b"serialVersionUID"
        for _ in range(attributes):
            kind, size = reader.take(">HI")
            value = reader.skip(size)
            if mine and size == 2 and constants.get(kind, (0, b""))[1] == b"ConstantValue":
                tag, number = constants.get(struct.unpack(">H", value)[0], (0, b""))
                found = struct.unpack(">q", number)[0] if tag == _LONG else found
    return found
