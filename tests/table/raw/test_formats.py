"""Files of every format are read by what they hold, or named for what they are (C8, C9)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest

from runforest.foundation.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.table.conftest import Reader

ROWS = "".join(f"{row},{row / 3:.2f},größe {row % 3},{row % 2}\n" for row in range(40))
TABLE = f"id,x,w,y\n{ROWS}"
CONTENT = TABLE.encode()


def zipped(*names: str) -> bytes:
    """Return a zip file of the table under each name."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, CONTENT)
    return target.getvalue()


def zstd(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)


COMPRESSED = {
    "train.csv.gz": gzip.compress(CONTENT),
    "train.csv.bz2": bz2.compress(CONTENT),
    "train.csv.xz": lzma.compress(CONTENT),
    "train.csv.zst": zstd(CONTENT),
    "train.zip": zipped("data.csv"),
    "train.tsv": TABLE.replace(",", "\t").encode(),
    "train.csv": gzip.compress(CONTENT),  # whatever its name
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_compressed_file_is_read_as_the_plain_one(reader: Reader, name: str) -> None:
    plain = reader.read(TABLE, ids=("id",))
    reader.write("train", COMPRESSED[name], name)

    read = reader.read(ids=("id",))

    pd.testing.assert_frame_equal(read.train, plain.train)


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["007", "7", "8"],
            "x": [1.5, None, 2.5],
            "n": [1, 2, 3],
            "b": [True, False, True],
            "d": pd.to_datetime(["2024-01-01", None, "2024-02-01"]),
            "c": pd.Categorical(["u", "v", "u"]),
            "y": ["a", "b", "NA"],
        }
    )


def write_parquet(table: pd.DataFrame, path: object) -> None:
    table.to_parquet(path)


def write_excel(table: pd.DataFrame, path: object) -> None:
    table.to_excel(path, index=False)


WRITERS = {"table.parquet": write_parquet, "table.xlsx": write_excel}


@pytest.mark.parametrize(("name", "write"), WRITERS.items())
def test_types_of_parquet_and_excel_files_are_kept(
    reader: Reader, name: str, write: Callable[[pd.DataFrame, object], None]
) -> None:
    write(frame(), reader.folder / name)
    reader.name("train", reader.folder / name)

    read = reader.read(ids=("id",))

    assert read.values("id") == ["007", "7", "8"]
    assert read.values("x") == [1.5, None, 2.5]
    assert read.values("n") == [1, 2, 3]
    assert read.values("b") == [True, False, True]
    assert read.values("d") == [pd.Timestamp(2024, 1, 1), None, pd.Timestamp(2024, 2, 1)]
    assert read.values("c") == ["u", "v", "u"]
    assert read.values("y") == ["a", "b", "NA"]
    roles = {one.name: one.role for one in read.profile.schema.columns}
    assert roles == {
        "id": "id", "x": "number", "n": "number", "b": "boolean", "d": "date", "c": "category",
        "y": "target",
    }  # fmt: skip


def test_an_index_that_pandas_wrote_into_a_parquet_file_is_no_column(reader: Reader) -> None:
    frame().iloc[[2, 0, 1]].to_parquet(reader.folder / "table.parquet")
    reader.name("train", reader.folder / "table.parquet")

    assert reader.read(ids=("id",)).values("n") == [3, 1, 2]


def test_numbers_of_a_parquet_file_and_texts_of_another_are_read_alike(reader: Reader) -> None:
    frame().to_parquet(reader.folder / "table.parquet")
    reader.name("train", reader.folder / "table.parquet")

    read = reader.read(test='id,x,n,b,d,c\n9,"1,000",5,true,2024-03-01,w\n', ids=("id",))

    assert read.values("x", "test") == [1000]
    assert read.values("n", "test") == [5]
    assert read.values("b", "test") == [True]
    assert read.values("c", "test") == ["w"]
    assert read.train.dtypes.drop("y").equals(read.test.dtypes)


def test_a_misfit_of_a_parquet_file_is_named_by_its_row(reader: Reader) -> None:
    frame().to_parquet(reader.folder / "table.parquet")
    reader.name("train", reader.folder / "table.parquet")

    with pytest.raises(ConfigError, match=r'row 1 is "u", no number \(and 2 more\)'):
        reader.read(ids=("id",), columns={"c": "number"})


MIXED = pd.DataFrame({"x": [1, 2.5, "n/k", *range(30)], "y": ["a", "b", "a"] * 11})


def test_a_mixed_column_of_a_sheet_is_read_as_in_a_text_file(reader: Reader) -> None:
    MIXED.to_excel(reader.folder / "train.xlsx", index=False)
    reader.name("train", reader.folder / "train.xlsx")

    read = reader.read()

    assert read.values("x")[:4] == [1, 2.5, None, 0]
    assert 'x: 1 value ("n/k") among numbers' in read.warnings[0]


def test_a_sheet_may_have_rows_above_the_header_and_a_name(reader: Reader) -> None:
    with pd.ExcelWriter(reader.folder / "book.xlsx") as book:
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="notes", index=False)
        MIXED.to_excel(book, sheet_name="data", index=False, startrow=3, startcol=1)
    reader.name("train", reader.folder / "book.xlsx")

    read = reader.read(sheet="data")

    assert list(read.train.columns) == ["x", "y"]
    assert len(read.train) == 33
    with pytest.raises(ConfigError, match=r'has no sheet "date". Set .* one of: notes, data'):
        reader.read(sheet="date")


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
NO_TABLES = [
    pytest.param(
        LFS, "is a pointer of Git LFS, not the file itself. Get .* `git lfs pull`", id="LFS"
    ),
    pytest.param("<!DOCTYPE html>\n<html>", "is a web page .* download the file", id="HTML"),
    pytest.param("  <html><body>", "is a web page", id="HTML without a type"),
    pytest.param('[{"x": 1, "y": 0}]', "is JSON, not a table. Convert it", id="JSON"),
    pytest.param('{"x": 1}\n{"x": 2}\n', "is JSON, not a table. Convert it", id="lines of JSON"),
    pytest.param(b"%PDF-1.4\n", "is a PDF document", id="PDF"),
    pytest.param(zipped("a.csv", "b.csv"), "zip file that holds a.csv, b.csv. Unpack", id="zip"),
    pytest.param(CONTENT[:0], "is empty", id="nothing"),
    pytest.param(
        gzip.compress(CONTENT)[:50], "cannot be decompressed .* get it again", id="cut off"
    ),
    pytest.param(gzip.compress(b""), "is empty", id="nothing, compressed"),
    pytest.param(
        b"PAR1 and so on", "a parquet file that cannot be read .* Get it again", id="parquet"
    ),
    pytest.param(b"PK\x03\x04 and so on", "damaged zip or Excel file", id="damaged zip"),
]


@pytest.mark.parametrize(("content", "because"), NO_TABLES)
def test_what_is_no_table_is_named_for_what_it_is(
    reader: Reader, content: str | bytes, because: str
) -> None:
    reader.write("train", content)

    with pytest.raises(ConfigError, match=because):
        reader.read()


def test_without_the_package_for_excel_files_the_message_says_how_to_get_it(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (reader.folder / "train.csv").open("wb") as target:
        MIXED.to_excel(target, index=False)
    monkeypatch.setitem(sys.modules, "python_calamine", None)

    with pytest.raises(ConfigError, match=r"is an Excel file.*pip install 'runforest\[excel\]'"):
        reader.read()
