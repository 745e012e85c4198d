"""How a text file is written is recognised, and said (C8 to C10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from runforest.foundation.errors import ConfigError

if TYPE_CHECKING:
    from tests.table.conftest import Reader

ROWS = [
    (f"{row}", f"{row / 4}", "München" if row % 2 else "Köln", f"{row % 2}") for row in range(40)
]
COMMAS = "".join(",".join(row) + "\n" for row in [("id", "x", "city", "y"), *ROWS])


def changed(delimiter: str, decimal: str = ".") -> str:
    return COMMAS.replace(".", decimal if delimiter != decimal else ".").replace(",", delimiter)


DIALECTS = [
    (changed(";"), "separated by semicolon"),
    (COMMAS.replace(",", ";").replace(".", ","), "separated by semicolon, decimal comma"),
    (changed("\t"), "separated by tab"),
    (changed("|"), "separated by bar"),
    (changed("   "), "separated by blanks"),
    (COMMAS.encode("cp1252"), "encoded as cp1252 (a guess; [Dataset] encoding)"),
    (COMMAS.encode("utf-16"), "encoded as utf-16"),
    (COMMAS.encode("utf-16-be"), "encoded as utf-16-be"),
    ("sep=;\n" + changed(";"), "separated by semicolon, header in line 2"),
    ("\n  \n" + COMMAS, None),
    ("# by hand, today\n#\n" + COMMAS, "header in line 3"),
    (b"\xef\xbb\xbf" + COMMAS.encode(), None),
    (COMMAS.replace("\n", "\r\n"), None),
    (COMMAS.replace("\n", "\r"), None),
]


@pytest.mark.parametrize(("content", "said"), DIALECTS)
def test_the_same_table_is_read_however_it_is_written(
    reader: Reader, content: str | bytes, said: str | None
) -> None:
    plain = reader.read(COMMAS, ids=("id",))

    read = reader.read(content, ids=("id",))

    pd.testing.assert_frame_equal(read.train, plain.train)
    assert read.notes[:1] == ([f"train.csv: {said}"] if said else [])


def test_an_index_that_pandas_wrote_is_left_out_and_said(reader: Reader) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "a"]}, index=[7, 3, 5])

    read = reader.read(frame.to_csv())

    assert list(read.train.columns) == ["x", "y"]
    assert read.notes == [
        "train.csv: the first column, which has no name, is an index and left out"
    ]


def test_files_that_are_written_alike_are_said_in_one_line(reader: Reader) -> None:
    read = reader.read("x;y\n1;a\n2;b\n", "x\ty\n1\ta\n")
    assert len(read.notes) == 2

    read = reader.read("x;w;y\n1;1;a\n2;2;b\n", "x;w\n1;2\n")
    assert read.notes == ["train.csv, test.csv: separated by semicolon"]


@pytest.mark.parametrize(("encoding", "word"), [("cp1252", "größer"), ("cp1251", "Москва")])
def test_bytes_of_another_encoding_far_behind_the_beginning_are_read(
    reader: Reader, encoding: str, word: str
) -> None:
    filler = "".join(f"{row},abc,0\n" for row in range(200_000))
    content = f"id,x,y\n{filler}".encode() + f"200000,{word},1\n".encode(encoding)

    read = reader.read(content, ids=("id",))

    assert read.values("x")[-1] == word
    assert read.notes == [f"train.csv: encoded as {encoding} (a guess; [Dataset] encoding)"]


@pytest.mark.parametrize("encoding", ["cp1251", "shift_jis", "gb18030"])
def test_other_scripts_are_recognised(reader: Reader, encoding: str) -> None:
    words = {"cp1251": "Москва", "shift_jis": "東京都", "gb18030": "北京市"}
    word = words[encoding]
    others = {"cp1251": "Казань", "shift_jis": "大阪", "gb18030": "上海"}
    content = "x,y\n" + "".join(f"{row},{[word, others[encoding]][row % 2]}\n" for row in range(40))

    read = reader.read(content.encode(encoding), kind="classification")

    assert set(read.values("y")) == {word, others[encoding]}


@pytest.mark.parametrize("sign", ["Preis (€)", "µ", "§", "½", "Ä,é,ü", "É"])
def test_single_signs_and_letters_beyond_ascii_are_western(reader: Reader, sign: str) -> None:
    content = (
        f"a,{sign},y\n" + f"1,{'2,' * len(sign.split(','))}0\n3,{'4,' * len(sign.split(','))}1\n"
    )

    read = reader.read(content.encode("cp1252"))

    assert list(read.train.columns) == ["a", *sign.split(","), "y"]
    assert read.notes == ["train.csv: encoded as cp1252 (a guess; [Dataset] encoding)"]


def test_characters_whose_second_byte_is_a_sign_of_ascii_are_recognised(reader: Reader) -> None:
    cells = ["東京都", "大阪府", "北海道", "十勝"]  # 府 ends in the byte of "{", 十 in that of "\"
    content = "面積,都道府県,y\n" + "".join(
        f"{row},{cells[row % 4]},{row % 2}\n" for row in range(40)
    )

    read = reader.read(content.encode("shift_jis"))

    assert list(read.train.columns) == ["面積", "都道府県", "y"]
    assert read.values("都道府県")[:4] == cells


def test_a_row_that_is_longer_than_what_is_read_at_once_is_read(reader: Reader) -> None:
    long = "a b " * 3_000_000

    read = reader.read(f'x,y\n"{long}",0\nb,1\n')

    assert len(str(read.values("x")[0])) == len(long)


def test_a_ragged_row_far_behind_the_beginning_is_named(reader: Reader) -> None:
    rows = '"a\nb",1,0\n' + "1,2,3\n" * 300_000

    with pytest.raises(ConfigError, match="line 300004 has 2 fields, the header 3"):
        reader.read(f"w,x,y\n{rows}1,2\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "ascii"])
def test_a_said_encoding_that_the_file_does_not_have_is_refused(
    reader: Reader, encoding: str
) -> None:
    with pytest.raises(ConfigError, match=r"cannot be decoded as .* Set the encoding of the file"):
        reader.read("x,y\ngrößer,0\nä,1\n", encoding=encoding)


def test_a_said_delimiter_and_encoding_are_not_said_again(reader: Reader) -> None:
    content = changed(";").encode("cp1252")

    read = reader.read(content, ids=("id",), delimiter=";", encoding="cp1252")

    assert read.notes == []


def test_other_line_ends_of_unicode_are_part_of_names_and_values(reader: Reader) -> None:
    read = reader.read("a\x0bb,c\u2028d,y\n1,u\x0cv,0\n2,w,1\n")

    assert list(read.train.columns) == ["a\x0bb", "c\u2028d", "y"]
    assert read.values("c\u2028d") == ["u\x0cv", "w"]


def test_blanks_after_all_delimiters_are_no_part_of_the_values(reader: Reader) -> None:
    read = reader.read("id, w, x, y\n1, a, 2, >50K\n2, b, , <=50K\n", "id,w,x\n3,a,4\n")

    assert read.values("w") == ["a", "b"]
    assert read.values("x") == [2, None]
    assert read.values("y") == [">50K", "<=50K"]
    assert read.notes == ["train.csv: a blank after each delimiter"]


def test_blanks_after_some_delimiters_are_part_of_the_values(reader: Reader) -> None:
    read = reader.read("w,y\na, x\nb,x\nc,z\n")

    assert read.values("y") == [" x", "x", "z"]
