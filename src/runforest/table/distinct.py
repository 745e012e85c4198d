"""The distinct texts of a column: what a column holds is decided on them, not cell by cell."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]


UNITS = ("$", "€", "£", "¥", "%")
"""Signs that stand before or after each number of a column."""


class Distinct:
    """The distinct texts of a column, without blanks around, and which one each row has.

    Attributes
    ----------
    texts : (n_distinct,) array of texts
        In the order of their first rows; null cells have none.
    codes : (n_rows,) array of whole numbers
        Position of each row's text, null for a null cell.
    counts : (n_distinct,) array
        Rows of each text.
    unit
        What `without_unit` took from the texts.
    """

    unit = ""

    def __init__(self, values: pa.ChunkedArray) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        whole = pa.concat_arrays(values.chunks) if values.chunks else pa.array([], pa.string())
        encoded = whole.dictionary_encode()
        self.spelt, self.codes = encoded.dictionary, encoded.indices
        self.texts = pc.utf8_trim_whitespace(self.spelt)
        self.counts = np.bincount(self.codes.drop_null(), minlength=len(self.texts))

    def without_unit(self) -> Distinct:
        """Return the texts without `%` or a sign of a currency that all of them with digits have.

        `unit` is that sign.
        """
        import pyarrow.compute as pc

        has_digits = self.matching(r".*\d.*")
        for unit in UNITS if has_digits.any() else ():
            sign = rf"\s*{re.escape(unit)}\s*"
            has_unit = self.matching(rf"[+-]?{sign}[^{unit}]*|[^{unit}]*{sign}")
            if not (has_unit < has_digits).any():
                found = copy.copy(self)
                found.unit, found.texts = unit, pc.replace_substring_regex(self.texts, sign, "")
                return found
        return self

    def matching(self, pattern: str) -> Mask:
        """Return which texts match a regular expression (RE2) as a whole."""
        import pyarrow.compute as pc

        return _mask(pc.match_substring_regex(self.texts, f"^(?:{pattern})$"))

    def among(self, words: Iterable[str], *, ignores_case: bool = False) -> Mask:
        """Return which texts are among these words."""
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.utf8_lower(self.texts) if ignores_case else self.texts
        return _mask(pc.is_in(texts, value_set=pa.array([*words], pa.string())))

    def n_rows(self, mask: Mask) -> int:
        """Return how many rows have one of the texts of a mask."""
        return int(self.counts[mask].sum())

    def n_distinct(self, mask: Mask) -> int:
        """Return how many different texts a mask has, blanks around them aside."""
        return len(self.texts.filter(_arrow(mask)).unique())

    def examples(self, mask: Mask, n: int = 3) -> list[str]:
        """Return the first texts of a mask."""
        found = self.texts.filter(_arrow(mask)).unique()
        return [str(one) for one in found[:n].to_pylist()]

    def first_row(self, mask: Mask) -> int:
        """Return the first row that has one of the texts of a mask."""
        import pyarrow.compute as pc

        return int(pc.index(pc.take(_arrow(mask), self.codes), True).as_py())

    def rows_of(self, mask: Mask, start: int, n: int) -> Mask:
        """Return for n rows from `start`, bar null cells, whether a mask has their texts."""
        import numpy as np

        codes = self.codes.slice(start, n).drop_null()
        return np.asarray(mask[np.asarray(codes)], dtype=bool)

    def spread(self, per_text: pa.Array) -> pa.Array:
        """Return a value for each row, given one for each text."""
        import pyarrow.compute as pc

        return pc.take(per_text, self.codes)


def _mask(found: pa.Array) -> Mask:
    import numpy as np

    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _arrow(mask: Mask) -> pa.Array:
    import pyarrow as pa

    return pa.array(mask)
