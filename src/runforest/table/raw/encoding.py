"""The encoding of a text file: marked, said in [Dataset], UTF-8, or guessed."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NoReturn

from runforest.table.raw.files import fail

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.table.options import Reading

LATIN = re.compile(r"cp125[0247]|latin|iso8859|mac_|hp_roman|cp[4578]\d\d|cp11")
"""Guesses between Western encodings rest on few letters: the most common one is taken."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encoding_of(file: Path, start: bytes, reading: Reading) -> str:
    """Return the encoding of a file that begins with these bytes."""
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "")
    if reading.encoding:
        try:
            codecs.lookup(reading.encoding)
        except LookupError:
            remedy = 'Use a Python codec name: [Dataset] encoding = "utf-8".'
            fail(file, f'unknown encoding "{reading.encoding}". {remedy}')
        is_utf8 = codecs.lookup(reading.encoding).name == "utf-8"
        return "utf-8-sig" if is_utf8 else reading.encoding
    if marked:
        return marked
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return guess_encoding(start)
    if start.count(b"\0") > len(start) / 4:
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    return "utf-8"


def decoded(file: Path, start: bytes, encoding: str) -> str:
    """Return the beginning of a file as text."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError as error:
        fail_to_decode(file, encoding, f"{error.reason} at byte {error.start}")


def fail_to_decode(file: Path, encoding: str, reason: str) -> NoReturn:
    """Raise the error that a file is not in an encoding."""
    shown = "utf-8" if encoding == "utf-8-sig" else encoding
    remedy = 'Set the encoding of the file, such as [Dataset] encoding = "latin-1".'
    fail(file, f"cannot be decoded as {shown}: {reason}. {remedy}")


def guess_encoding(sample: bytes) -> str:
    """Return the likely encoding of bytes that are no UTF-8."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    found = best.encoding if best else "cp1252"
    if not LATIN.match(found):
        return found
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
