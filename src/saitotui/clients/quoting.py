"""The one place where text is made safe for a shell, for SQL, for URLs, for HAProxy's runtime API."""

from __future__ import annotations

import shlex
import urllib.parse
from xml.sax.saxutils import quoteattr


def shell(text: str) -> str:
    """`text` as one word of a POSIX shell (POSIX.1-2017, 2.2 Quoting). ValueError for NUL."""
    if "\0" in text:
        raise ValueError("a shell word cannot hold a NUL character")
    return shlex.quote(text)


def query(text: str) -> str:
    """`text` as a value in the query of a URL (RFC 3986, 3.4)."""
    return urllib.parse.quote(text, safe="")


def sql(text: str) -> str:
    """`text` as an SQL string literal, right with and without NO_BACKSLASH_ESCAPES: written as hexadecimal
    (MariaDB and MySQL manuals, "Hexadecimal Literals") unless it is plain."""
    if text and all(c.isascii() and (c.isalnum() or c in " _-.,:/@%+=()[]{}") for c in text):
        return f"'{text}'"
    return f"CONVERT(x'{text.encode().hex()}' USING utf8mb4)" if text else "''"


def sql_text(text: str) -> str:
    """`text` as a literal where SQL takes no expression (`CHANGE MASTER TO`, `IDENTIFIED BY`). ValueError for
    characters whose reading depends on the server's sql_mode."""
    if any(c in "\\\0\n\r\x1a" for c in text):
        raise ValueError("the text holds a backslash or control character, which cannot be written safely")
    return "'" + text.replace("'", "''") + "'"


def sql_name(text: str) -> str:
    """`text` as an SQL identifier ("Schema Object Names"). ValueError for NUL or emptiness."""
    if not text or "\0" in text:
        raise ValueError("an SQL name is neither empty nor holds a NUL character")
    return "`" + text.replace("`", "``") + "`"


def haproxy(text: str) -> str:
    """`text` as one word of HAProxy's runtime API (management guide, 9.3: space, `;`, `\\` and newline are
    special). ValueError when it is none: names of backends and servers never need them."""
    if not text or any(c.isspace() or c in ";\\\0\"'" or not c.isprintable() for c in text):
        raise ValueError(f"{text!r} is not a word that HAProxy's runtime API takes")
    return text


def option(text: str) -> str:
    """`text` as a value in an option file of MariaDB or MySQL (manual, "Using Option Files"). ValueError for
    quotes and control characters, whose reading differs between versions."""
    if any(c in "\"'" or not c.isprintable() for c in text):
        raise ValueError("an option file takes neither quotes nor control characters")
    return '"' + text.replace("\\", "\\\\") + '"'


def xml(text: str) -> str:
    """`text` as the value of an attribute, with its quotes (XML 1.0, 2.3 and 3.3.3). ValueError for control
    characters."""
    if not text.isprintable():
        raise ValueError("an attribute in XML takes no control characters")
    return quoteattr(text)
