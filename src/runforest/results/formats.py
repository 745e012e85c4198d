"""How a file of a task is read and written: the table of suffixes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runforest.foundation.errors import ArtifactError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Format:
    """A reader and a writer of one kind of file, shaped by versions of the `packages`."""

    load: Callable[[Path], object]
    save: Callable[[Path, object], None]
    packages: tuple[str, ...] = ()


def _load_parquet(path: Path) -> object:
    import pandas as pd

    table = pd.read_parquet(path)
    # The missing value of pandas' older text type cannot be encoded; that of its `str` type can.
    return table.astype(dict.fromkeys(table.select_dtypes(include=["string"]).columns, "str"))


def _save_parquet(path: Path, value: object) -> None:
    table = _table(value)
    table.to_parquet(path, index=_has_index(table))


def _load_csv(path: Path) -> object:
    import pandas as pd

    return pd.read_csv(path)


def _save_csv(path: Path, value: object) -> None:
    """Write a table, a meaningful index as its first columns: CSV has no index."""
    table = _table(value)
    labels = ["index" if name is None else name for name in table.index.names]
    table.to_csv(path, index=_has_index(table), index_label=labels, lineterminator="\n")


def _table(value: Any) -> pd.DataFrame:  # noqa: ANN401 - whatever pandas makes a table of
    import pandas as pd

    return pd.DataFrame(value)


def _has_index(table: pd.DataFrame) -> bool:
    """Return whether the index has a meaning: a name, or other values than row numbers."""
    return any(name is not None for name in table.index.names) or table.index.dtype.kind not in "iu"


def _load_json(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


def _save_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _save_text(path: Path, value: object) -> None:
    path.write_text(str(value), encoding="utf-8")


def _load_skops(path: Path) -> object:
    from skops import io

    return io.load(path, trusted=[])


def _save_skops(path: Path, value: object) -> None:
    from skops import io

    io.dump(value, path)


def _save_figure(path: Path, value: object) -> None:
    """Write a matplotlib figure, or bytes that are an image already."""
    if isinstance(value, bytes):
        path.write_bytes(value)
        return
    # Without these the file differs from run to run: they hold a version and a date.
    metadata = {"Software": None} if path.suffix == ".png" else {"Date": None}
    value.savefig(path, metadata=metadata)  # type: ignore[attr-defined]


_TEXT = Format(load=partial(Path.read_text, encoding="utf-8"), save=_save_text)
_FIGURE = Format(load=Path.read_bytes, save=_save_figure, packages=("matplotlib",))

FORMATS: dict[str, Format] = {
    ".parquet": Format(load=_load_parquet, save=_save_parquet, packages=("pandas", "pyarrow")),
    ".csv": Format(load=_load_csv, save=_save_csv, packages=("pandas",)),
    ".json": Format(load=_load_json, save=_save_json),
    ".skops": Format(load=_load_skops, save=_save_skops, packages=("skops", "sklearn")),
    ".txt": _TEXT,
    ".md": _TEXT,
    ".html": _TEXT,
    ".png": _FIGURE,
    ".svg": _FIGURE,
}


def format_of(path: Path) -> Format:
    """Return the format of a path's suffix; ArtifactError if the table has no row of it."""
    if path.suffix not in FORMATS:
        hint = did_you_mean(path.suffix, FORMATS)
        message = (
            f"{path.name}: no reader or writer for the suffix {path.suffix!r}. {hint} "
            "Or read and write the file yourself through `.path`."
        )
        raise ArtifactError(message)
    return FORMATS[path.suffix]
