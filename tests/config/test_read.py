"""Files, overlays and options: what is read, in which order, and what a wrong one gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runforest.config.read import parse_value, read_layers

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Check

UNREADABLE = [
    pytest.param(
        b"[Trainer]\nseed = = 2\n",
        ["luigi.toml", "not valid TOML", "line 2, column 8", "Correct that line."],
        id="syntax",
    ),
    pytest.param(
        b"[Trainer]\nseed = 1\nseed = 2\n", ["at line 3", "Correct that line."], id="key twice"
    ),
    pytest.param(b"[Trainer]\n[Trainer]\n", ["at line 2", "Correct that line."], id="table twice"),
    pytest.param(b"[Run\0Config]\n", ["at line 1", "Correct that line."], id="NUL"),
    pytest.param(
        b'[RunConfig]\ndescription = "caf\xe9"\n',
        ["is not UTF-8 text", "at byte 30", "Save it as UTF-8."],
        id="latin-1",
    ),
    pytest.param(
        b"seed = 1\nid = 2\n[Trainer]\n",
        ["seed: stands outside a table", "id: stands", "Put it below the [Table]"],
        id="keys outside a table",
    ),
]


@pytest.mark.parametrize(("content", "because"), UNREADABLE)
def test_an_unreadable_file_is_refused_with_its_line(
    check: Check, content: bytes, because: list[str]
) -> None:
    (check.folder / "luigi.toml").write_bytes(content)

    check.refuses(because=because)


def test_a_missing_luigi_toml_is_named_with_the_ways_to_give_another(check: Check) -> None:
    (check.folder / "luigi.toml").unlink()

    check.refuses(because=[str(check.folder / "luigi.toml"), "Create it, or name another with"])


def test_a_folder_in_place_of_the_file_is_refused(check: Check) -> None:
    (check.folder / "conf").mkdir()

    check.refuses(
        "--config", str(check.folder / "conf"), because=["Is a directory", "name another"]
    )


def test_a_byte_order_mark_and_windows_line_ends_are_read(check: Check) -> None:
    text = '[PathConfig]\r\ninput = "input"\r\n[Evaluator]\r\nn_folds = 3\r\n'
    (check.folder / "luigi.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())

    experiment = check.load()

    assert experiment.tables["Evaluator"]["n_folds"] == 3


MALFORMED = ["Trainer", "Trainer=1", "Trainer.=1", "=1", ".seed=1", "Trainer.seed", "Trainer..a=1"]


@pytest.mark.parametrize("setting", MALFORMED)
def test_a_malformed_set_option_is_refused_with_an_example(check: Check, setting: str) -> None:
    remedy = "For example: --set Trainer.seed=1"

    check.refuses("--set", setting, because=["--set", f'got "{setting}"', remedy])


def test_all_malformed_set_options_are_refused_at_once(check: Check) -> None:
    check.refuses("--set", "a", "--set", "b", because=['got "a"', 'got "b"'])


def test_an_unknown_key_of_a_set_option_is_laid_to_the_option(check: Check) -> None:
    because = ["--set [Trainer]", "sed: unknown key. Did you mean `seed`?"]

    check.refuses("--set", "Trainer.sed=1", because=because)


def test_an_unknown_table_of_a_set_option_is_laid_to_the_option(check: Check) -> None:
    because = ["--set [Tranier]", "unknown table. Did you mean `Trainer`?"]

    check.refuses("--set", "Tranier.seed=1", because=because)


def test_an_unknown_command_line_option_is_refused(check: Check) -> None:
    with pytest.raises(SystemExit, match="2"):
        check.run("--sed", "Trainer.seed=1")


def test_later_overlays_win_and_set_options_win_over_all(check: Check) -> None:
    base = check.project.write("base.toml", "[Trainer]\nseed = 1\n[Tuner]\nseed = 1\nn_folds = 4\n")
    over = check.project.write("over.toml", "[Trainer]\nseed = 2\n[Tuner]\nseed = 2\n")

    layers = read_layers([base, over], ["Trainer.seed=3"], "toml")

    assert layers.tables == {"Trainer": {"seed": 3}, "Tuner": {"seed": 2, "n_folds": 4}}


def test_overlays_merge_nested_tables(tmp_path: Path) -> None:
    base = tmp_path / "base.toml"
    base.write_text("[Tuner.search_space]\nalpha = { low = 1, high = 2 }\n")

    layers = read_layers([base], ["Tuner.search_space.alpha.high=3"], "toml")

    assert layers.tables["Tuner"]["search_space"] == {"alpha": {"low": 1, "high": 3}}


@pytest.mark.parametrize(
    ("overlay", "blamed"),
    [
        pytest.param("[Tuner]\nsead = 1\n", "over.toml [Tuner]", id="in the overlay"),
        pytest.param("[Tuner]\nseed = 1\n", "luigi.toml [Tuner]", id="in the file below"),
    ],
)
def test_the_message_names_the_file_in_which_the_key_stands(
    check: Check, overlay: str, blamed: str
) -> None:
    below = "sead = 1" if "seed" in overlay else "seed = 1"
    check.configure(f'[PathConfig]\ninput = "input"\n[Tuner]\n{below}\n')
    over = check.project.write("over.toml", overlay)
    base = check.folder / "luigi.toml"

    message = check.refuses(
        "--config", str(base), "--config", str(over), because=[blamed, "Did you mean `seed`?"]
    )

    assert message.count("[Tuner]") == 1


def test_a_nested_mistake_is_laid_to_the_file_that_set_it(check: Check) -> None:
    space = "[Tuner.search_space.alpha]\ntype = 'float'\nlow = 2.0\nhigh = 1.0\n"
    check.configure(f"[PathConfig]\ninput = 'input'\n[Trainer]\ntune = true\n{space}")
    over = check.project.write("over.toml", "[Tuner.search_space]\nsolver = ['svd', 'lsqr']\n")
    files = ["--config", str(check.folder / "luigi.toml"), "--config", str(over)]

    message = check.refuses(
        *files, because=["luigi.toml [Tuner]", "search_space.alpha: low must be"]
    )

    assert "over.toml" not in message


def test_a_missing_overlay_is_named(check: Check) -> None:
    gone = str(check.folder / "gone.toml")

    check.refuses(
        "--config", str(check.folder / "luigi.toml"), "--config", gone,
        because=[gone, "No such file", "name another"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1.5", 1.5), ("true", True), ("[1, 'a']", [1, "a"]), ("a b", "a b"), ("", "")],
)
def test_a_set_value_is_read_as_toml_and_else_as_text(text: str, value: object) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize("parser", ["cfg", "yaml"])
def test_a_parser_other_than_toml_is_refused_with_the_remedy(check: Check, parser: str) -> None:
    check.project.write(".env", f"LUIGI_CONFIG_PARSER={parser}\n")

    check.refuses(because=["LUIGI_CONFIG_PARSER", f'"{parser}"', "Write the experiment as TOML."])


def test_the_parser_toml_may_be_set(check: Check) -> None:
    check.project.write(".env", "LUIGI_CONFIG_PARSER=toml\n")

    assert check.load()
