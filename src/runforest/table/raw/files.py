"""What a file is, by its first bytes, and its content without compression."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from typing import TYPE_CHECKING, BinaryIO, Literal, NoReturn, cast

from runforest.foundation.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FileKind = Literal["text", "parquet", "excel"]

SUFFIXES = (
    *(".csv.gz", ".csv.zip", ".csv.xz", ".csv.zst", ".csv.bz2", ".zip", ".tsv", ".tsv.gz", ".txt"),
    *(".parquet", ".xlsx", ".xlsb", ".xls", ".ods"),
)
"""Endings of files that are taken where there is no CSV file; named files may have any."""

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP, _PARQUET, _LFS = b"PK\x03\x04", b"PAR1", b"version https://git-lfs.github.com/spec/"
_JSON, _PDF = (b'{"', b"[{"), b"%PDF-"
_HTML = (b"<!doctype html", b"<html", b"<?xml")


def fail(file: Path, message: str) -> NoReturn:
    """Raise the error that a file cannot be read; the message ends with the remedy."""
    raise ConfigError([Problem(where=str(file), message=message)]) from None


def default_file(folder: Path, name: str) -> str:
    """Return the name of a CSV file, or of the only file of another format in its place.

    Parameters
    ----------
    name
        Such as `train.csv`.
    """
    stem = name.partition(".")[0]
    others = [stem + suffix for suffix in SUFFIXES if (folder / f"{stem}{suffix}").is_file()]
    return others[0] if len(others) == 1 and not (folder / name).exists() else name


def kind_of(file: Path) -> FileKind:
    """Return what a file holds, whatever its name; ConfigError if that is no table."""
    if not file.is_file():
        fail(file, _missing_file(file))
    try:
        with file.open("rb") as source:
            start = source.read(1024)
    except OSError as error:
        fail(file, f"cannot be read ({error.strerror}). Make it readable.")
    if not start:
        fail(file, "is empty. It needs a header and at least one row.")
    if start.startswith(_LFS):
        remedy = "Get the file with `git lfs pull`."
        fail(file, f"is a pointer of Git LFS, not the file itself. {remedy}")
    if start.lstrip().lower().startswith(_HTML):
        remedy = "It may be a login or an error page: download the file itself."
        fail(file, f"is a web page (HTML or XML), not a table. {remedy}")
    if start.lstrip().startswith(_JSON):
        fail(file, "is JSON, not a table. Convert it, such as by `pandas.read_json` and `to_csv`.")
    if start.startswith(_PDF):
        fail(file, "is a PDF document, not a table. Get the data as CSV, Excel or parquet.")
    if start.startswith(_PARQUET):
        return "parquet"
    if start.startswith(_OLD_EXCEL) or (start.startswith(_ZIP) and _is_workbook(file)):
        return "excel"
    return "text"


def open_content(file: Path) -> BinaryIO:
    """Return the bytes of a text file, decompressed; the first bytes say how, not the name."""
    with file.open("rb") as source:
        start = source.read(6)
    opened = next((opens for magic, opens in _COMPRESSED.items() if start.startswith(magic)), None)
    return opened(file) if opened else file.open("rb")


def _open_zip(file: Path) -> BinaryIO:
    archive = zipfile.ZipFile(file)
    names = [one for one in archive.namelist() if not one.endswith("/") and "__MACOSX" not in one]
    if len(names) != 1:
        found = ", ".join(names[:10]) or "nothing"
        fail(file, f"is a zip file that holds {found}. Unpack it, and name the table in [Dataset].")
    return cast("BinaryIO", archive.open(names[0]))


def _open_zstd(file: Path) -> BinaryIO:
    import pyarrow as pa

    return cast("BinaryIO", pa.CompressedInputStream(pa.OSFile(str(file)), "zstd"))


def _stdlib(opens: Callable[[Path], object]) -> Callable[[Path], BinaryIO]:
    return cast("Callable[[Path], BinaryIO]", opens)


_COMPRESSED: dict[bytes, Callable[[Path], BinaryIO]] = {
    b"\x1f\x8b": _stdlib(gzip.open),
    b"BZh": _stdlib(bz2.open),
    b"\xfd7zXZ\x00": _stdlib(lzma.open),
    b"\x28\xb5\x2f\xfd": _open_zstd,
    _ZIP: _open_zip,
}


def read_start(file: Path, size: int) -> bytes:
    """Return the first bytes of the content, all of it where it is shorter."""
    try:
        with open_content(file) as source:
            return io.BytesIO(source.read(size)).getvalue()
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
        fail(file, f"cannot be decompressed ({error}). It may be cut off: get it again.")


def _is_workbook(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        fail(file, "is a damaged zip or Excel file. Get it again.")
    return bool(names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"})


def _missing_file(file: Path) -> str:
    if file.is_dir():
        return "is a folder. Name a file: [Dataset] train and test, in [PathConfig] input."
    remedy = "Set [PathConfig] input to the folder of the data set, [Dataset] train and test to its"
    remedy += " files."
    if not file.parent.is_dir():
        return f"no such file: the folder {file.parent} does not exist. {remedy}"
    present = sorted(path.name for path in file.parent.iterdir() if path.is_file())[:10]
    found = ", ".join(present) if present else "nothing"
    return f"no such file. The folder holds: {found}. {remedy}"
