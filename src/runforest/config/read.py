"""Reading luigi.toml: which files, in which order, and where each value came from."""

from __future__ import annotations

import configparser
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runforest.errors import ConfigError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Tables = dict[str, dict[str, object]]
INI_PARSERS = ("cfg", "conf", "ini")
PARSERS = ("toml", *INI_PARSERS)
SET_OPTION = "--set"


@dataclass
class Layers:
    """The configuration's tables after all overlays, and the origin of every value."""

    tables: Tables = field(default_factory=dict)
    origins: dict[tuple[str, str], str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()

    def where(self, table: str, key: str = "") -> str:
        """Return the place to name in a message about a key: file and table."""
        fallback = self.files[0].name if self.files else SET_OPTION
        return f"{self.origins.get((table, key), fallback)} [{table}]"

    def overlay(self, tables: dict[str, object], origin: str) -> None:
        """Put tables over those read before; nested tables are merged."""
        for name, content in tables.items():
            if not isinstance(content, dict):
                problem = Problem(
                    where=origin, key=name, message="stands outside a table. Put it into one."
                )
                raise ConfigError([problem])
            table = self.tables.setdefault(name, {})
            for key, value in content.items():
                table[key] = _merged(table.get(key), value)
                self.origins[name, key] = origin


def read_layers(files: Iterable[Path], settings: Iterable[str], parser: str) -> Layers:
    """Read the configuration files and the `--set` options, later ones over earlier ones.

    Raises
    ------
    ConfigError
        A file is missing or unreadable, its syntax is wrong, or an option has no value.
    """
    layers = Layers(files=tuple(files), settings=tuple(settings))
    if parser not in PARSERS:
        problem = Problem(
            where="environment",
            key="LUIGI_CONFIG_PARSER",
            message=f'unknown parser "{parser}". {did_you_mean(parser, PARSERS)}',
        )
        raise ConfigError([problem])
    for file in layers.files:
        layers.overlay(_read_file(file, parser), file.name)
    for setting in layers.settings:
        table, key, value = _split_setting(setting)
        layers.overlay({table: _nested(key, value)}, SET_OPTION)
    return layers


def parse_value(text: str) -> object:
    """Return the TOML value a text stands for; any other text is itself.

    >>> parse_value("1"), parse_value("[1, 2]"), parse_value("lbfgs")
    (1, [1, 2], 'lbfgs')
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _read_file(file: Path, parser: str) -> dict[str, object]:
    if parser in INI_PARSERS and file.suffix != ".toml":
        return _parse_ini(file)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"cannot be read ({error.strerror}). Create it, or name another with --config."
        raise ConfigError([Problem(where=str(file), message=message)]) from None
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8."
        raise ConfigError([Problem(where=str(file), message=message)]) from None
    except tomllib.TOMLDecodeError as error:
        message = f"not valid TOML: {error}. Correct that line."
        raise ConfigError([Problem(where=str(file), message=message)]) from None


def _parse_ini(file: Path) -> dict[str, object]:
    """Read a file in the INI syntax of Luigi's `cfg` parser; values are read as in TOML."""
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their case
    try:
        parser.read_string(file.read_text(encoding="utf-8"), source=file.name)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        message = f"not a readable configuration: {error}. Correct it, or name another."
        raise ConfigError([Problem(where=str(file), message=message)]) from None
    return {
        section: {key: parse_value(value) for key, value in parser.items(section)}
        for section in parser.sections()
    }


def _split_setting(setting: str) -> tuple[str, list[str], object]:
    name, equals, text = setting.partition("=")
    table, *keys = (part.strip() for part in name.split("."))
    if not equals or not keys or not all([table, *keys]):
        message = f'expected Table.key=value, got "{setting}". For example: --set Trainer.seed=1'
        raise ConfigError([Problem(where=SET_OPTION, message=message)])
    return table, keys, parse_value(text.strip())


def _nested(keys: list[str], value: object) -> dict[str, object]:
    first, *rest = keys
    return {first: _nested(rest, value) if rest else value}


def _merged(old: object, new: object) -> object:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: _merged(old.get(key), value) for key, value in new.items()}
