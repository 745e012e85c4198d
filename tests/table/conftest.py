"""Tables of files that a test writes, read as an experiment reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from runforest.results.line_cache import LineCache
from runforest.table.options import Reading
from runforest.table.profile import Profile, Wanted, profile_files, read_tables
from runforest.table.raw.table_file import TableFile
from runforest.table.typed import Jobs

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from runforest.table.schema import Column


@dataclass(frozen=True, kw_only=True)
class Read:
    """What became of files: the tables, the profile with its schema, and what was said."""

    frames: dict[str, pd.DataFrame]
    profile: Profile

    @property
    def train(self) -> pd.DataFrame:
        """The training table."""
        return self.frames["train"]

    @property
    def test(self) -> pd.DataFrame:
        """The test table."""
        return self.frames["test"]

    @property
    def notes(self) -> list[str]:
        """What was recognised or guessed."""
        return [note.text for note in self.profile.schema.notes]

    @property
    def warnings(self) -> list[str]:
        """What was guessed."""
        return [note.text for note in self.profile.schema.notes if note.is_warning]

    def column(self, name: str) -> Column:
        """Return a column of the schema."""
        return next(one for one in self.profile.schema.columns if one.name == name)

    def values(self, name: str, part: str = "train") -> list[object]:
        """Return the values of a column, missing ones as None."""
        values = self.frames[part][name]
        return [None if gap else one for one, gap in zip(values, values.isna(), strict=True)]


@dataclass
class Reader:
    """A folder whose files are read."""

    folder: Path
    names: dict[str, str] = field(default_factory=lambda: {"train": "train.csv"})

    def write(self, part: str, content: str | bytes, name: str = "") -> Path:
        """Write the file of a part."""
        self.names[part] = name or f"{part}.csv"
        path = self.folder / self.names[part]
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def name(self, part: str, path: Path) -> None:
        """Let a part be a file that is there."""
        self.names[part] = path.name

    def read(
        self,
        train: str | bytes = "",
        test: str | bytes = "",
        *,
        target: str = "y",
        ids: tuple[str, ...] = (),
        kind: str = "",
        **said: object,
    ) -> Read:
        """Return what is read of these texts, or of the files that were written."""
        for part, content in {"train": train, "test": test}.items():
            if content:
                self.write(part, content)
        reading = Reading(**said)
        files = {
            part: TableFile(path=self.folder / name, reading=reading)
            for part, name in self.names.items()
        }
        for file in files.values():
            assert file.columns
        wanted = Wanted(target=target, ids=ids, is_id_named=bool(ids), kind=kind)
        stamps = {part: str(file.path.stat().st_mtime_ns) for part, file in files.items()}
        profile = profile_files(files, wanted, reading, stamps, LineCache(self.folder / "cache"))
        jobs = Jobs(target=target, id=profile.id, kind=profile.kind)
        frames = read_tables(files, jobs, reading).frames
        return Read(frames=frames, profile=profile)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Return a reader of an empty folder."""
    return Reader(tmp_path)
