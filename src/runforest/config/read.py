"""Reading luigi.toml: which files, in which order, and where each value came from."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from runforest.foundation.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Tables = dict[str, dict[str, object]]
PARSER = "toml"
"""The only value of LUIGI_CONFIG_PARSER that is accepted, beside none."""

SET_OPTION = "--set"
_NAME = r"\s*[^.=\s][^.=]*"
_SETTING = re.compile(rf"{_NAME}(\.{_NAME})+=.*", re.DOTALL)


@dataclass
class Layers:
    """The configuration's tables after all overlays, and the origin of every value.

    `origins` holds the file that set a value last, by table and key, nested keys included.
    """

    tables: Tables = field(default_factory=dict)
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()

    def problem(self, table: str, key: str, message: str) -> Problem:
        """Return the problem of a table, or of a key in it such as `params.alpha`.

        It stands in the file which set the key last, or the table that the key is missing from.
        """
        path = (table, *key.split(".")) if key else (table,)
        found = self._origin(path)
        while found is None and len(path) > len((table, key)):
            path = path[:-1]
            found = self._origin(path)
        where = f"{found or self.files[0].name} [{table}]"
        return Problem(where=where, key=key, message=message)

    def _origin(self, path: tuple[str, ...]) -> str | None:
        below = [origin for key, origin in self.origins.items() if key[: len(path)] == path]
        return below[-1] if below else None

    def overlay(self, tables: dict[str, object], origin: str) -> None:
        """Put tables over those read before; nested tables are merged."""
        stray = [name for name, content in tables.items() if not isinstance(content, dict)]
        if stray:
            message = "stands outside a table. Put it below the [Table] that it belongs to."
            raise ConfigError(Problem(where=origin, key=name, message=message) for name in stray)
        for name, content in tables.items():
            table = self.tables.setdefault(name, {})
            for key, value in cast("dict[str, object]", content).items():
                table[key] = _merged(table.get(key), value)
                for path in _leaves((name, key), value):
                    self.origins.pop(path, None)  # the last to be set stands last
                    self.origins[path] = origin


def read_layers(files: Iterable[Path], settings: Iterable[str], parser: str) -> Layers:
    """Read the configuration files and the `--set` options, later ones over earlier ones."""
    layers = Layers(files=tuple(files), settings=tuple(settings))
    if parser != PARSER:
        message = f'must be "{PARSER}" or empty, got "{parser}". Write the experiment as TOML.'
        raise ConfigError(
            [Problem(where="environment", key="LUIGI_CONFIG_PARSER", message=message)]
        )
    for file in layers.files:
        layers.overlay(_read_file(file), file.name)
    malformed = [setting for setting in layers.settings if not _SETTING.fullmatch(setting)]
    if malformed:
        remedy = "For example: --set Trainer.seed=1"
        raise ConfigError(
            Problem(where=SET_OPTION, message=f'expected Table.key=value, got "{text}". {remedy}')
            for text in malformed
        )
    for setting in layers.settings:
        layers.overlay(_parse_setting(setting), SET_OPTION)
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


def _read_file(file: Path) -> dict[str, object]:
    """Return the tables of a file in UTF-8, with or without a byte order mark."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        message = f"not valid TOML: {error}. Correct that line."
    except OSError as error:
        message = (
            f"cannot be read ({error.strerror}). Create it, or name another with --config or "
            "LUIGI_CONFIG_PATH."
        )
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8."
    raise ConfigError([Problem(where=str(file), message=message)])


def _parse_setting(setting: str) -> dict[str, object]:
    name, _, text = setting.partition("=")
    value = parse_value(text.strip())
    for key in reversed(name.split(".")):
        value = {key.strip(): value}
    return cast("dict[str, object]", value)


def _leaves(path: tuple[str, ...], value: object) -> Iterator[tuple[str, ...]]:
    """Yield the path of every value that is no table itself."""
    if not isinstance(value, dict) or not value:
        yield path
        return
    for key, inner in value.items():
        yield from _leaves((*path, key), inner)


def _merged(old: object, new: object) -> object:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: _merged(old.get(key), value) for key, value in new.items()}
