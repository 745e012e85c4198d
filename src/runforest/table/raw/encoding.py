"""The encoding of a text file: marked, said in [Dataset], UTF-8, or guessed."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NoReturn

from runforest.table.raw.files import fail, open_content

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.table.options import Reading

SINGLE_BYTE = ["cp1251", "cp1253", "cp1255", "cp1256", "koi8_r"]
DOUBLE_BYTE = ["cp932", "euc_jp", "gb18030", "big5", "euc_kr"]
"""What may be guessed beside Western text."""

_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_IN_A_ROW = re.compile(rb"[\x80-\xff]{2,}")
_LATE = re.compile(rb"[\xe0-\xff]")
_MOST = 0.7
_BLOCK_BYTES, _AROUND_BYTES = 2**22, 2**15

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
    if start.count(b"\0") > len(start) / 4:
        return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return guess_encoding(start)
    return "utf-8"


def decoded(file: Path, start: bytes, encoding: str) -> str:
    """Return the beginning of a file as text."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeError as error:  # UTF-16 without its mark raises no UnicodeDecodeError
        fail_to_decode(file, encoding, reason_of(error))


def reason_of(error: UnicodeError) -> str:
    """Return why bytes are not in an encoding, and where, if that is known."""
    if isinstance(error, UnicodeDecodeError):
        return f"{error.reason} at byte {error.start}"
    return str(error)


def fail_to_decode(file: Path, encoding: str, reason: str) -> NoReturn:
    """Raise the error that a file is not in an encoding."""
    shown = "utf-8" if encoding == "utf-8-sig" else encoding
    remedy = 'Set the encoding of the file, such as [Dataset] encoding = "latin-1".'
    fail(file, f"cannot be decoded as {shown}: {reason}. {remedy}")


def guess_encoding(sample: bytes) -> str:
    """Return the likely encoding of bytes that are no UTF-8.

    A table has few words, on which a guess by their letters fails between Western encodings: where
    words have more letters of ASCII than others, or most of the others stand alone (such as the
    sign of a currency), the most common one is taken.
    """
    words = b" ".join(_WORD.findall(sample))
    n_beyond = len(_BEYOND_ASCII.findall(words))
    n_in_a_row = len(b"".join(_IN_A_ROW.findall(words)))
    if n_beyond <= len(re.findall(rb"[A-Za-z]", words)) or n_in_a_row <= n_beyond / 2:
        return _western(sample)
    from charset_normalizer import from_bytes

    # Small letters of the alphabets lie there, and no more than others of the characters of Asia.
    is_alphabet = len(_LATE.findall(words)) > _MOST * n_beyond
    candidates = SINGLE_BYTE if is_alphabet else [*DOUBLE_BYTE, *SINGLE_BYTE]
    # Words lack the second byte of a character where that is a sign of ASCII.
    found = (from_bytes(text, cp_isolation=candidates).best() for text in (words, sample))
    best = next(filter(None, found), None)
    return best.encoding if best else _western(sample)


def undecodable(file: Path, encoding: str) -> tuple[str, bytes] | None:
    """Return where a file is not in its encoding, and the bytes around, None if all of it is."""
    if encoding not in {"utf-8", "utf-8-sig"}:
        return None
    decoder, position = codecs.getincrementaldecoder("utf-8")(), 0
    with open_content(file) as source:
        while block := source.read(_BLOCK_BYTES):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                start = max(0, error.start - _AROUND_BYTES)
                around = error.object[start : error.start + _AROUND_BYTES]
                return f"{error.reason} at byte {position + error.start}", bytes(around)
            position += len(block)
    return None


def encoding_guess(encoding: str) -> str:
    """Return an encoding that was not said in words; the bytes of UTF-16 leave no doubt."""
    is_sure = encoding.startswith("utf")
    return f"encoded as {encoding}" + ("" if is_sure else " (a guess; [Dataset] encoding)")


def _western(sample: bytes) -> str:
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
