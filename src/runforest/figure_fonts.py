"""Texts of a figure in any script: drawn with the fonts of the machine, otherwise numbered.

Matplotlib brings DejaVu, which has the letters of Europe and the Near East. For others a font is
looked for when a drawing lacks them. Names that no font can show become [1], [2]..., and the PNG's
own description says which they are.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontEntry

DESCRIPTION = "Description"
"""Field of a PNG for people."""

REGULAR = 400

_MISSING = re.compile(r"Glyph (\d+) .*missing from font")


def draw_png(figure: Figure) -> bytes:
    """Return the figure as PNG, without warnings of letters that a font lacks."""
    png, missing = _draw(figure, description="")
    if not missing:
        return png
    families = ["sans-serif", *_families(frozenset(missing))]
    _change_texts(figure, lambda text: text, families)
    png, missing = _draw(figure, description="")
    if not missing:
        return png
    numbers: dict[str, str] = {}
    letters = "".join(map(re.escape, sorted(missing)))
    run = re.compile(rf"[{letters}](?:[{letters}\s]*[{letters}])?")

    def number(text: str) -> str:
        return run.sub(lambda found: numbers.setdefault(found[0], f"[{len(numbers) + 1}]"), text)

    _change_texts(figure, number, families)
    legend = ", ".join(f"{place} {name}" for name, place in numbers.items())
    return _draw(figure, description=legend)[0]


def png_description(png: bytes) -> str:
    """Return which names the numbers in a picture stand for; empty if there are none."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return str(image.info.get(DESCRIPTION, ""))


def _draw(figure: Figure, *, description: str) -> tuple[bytes, set[str]]:
    """Return the picture, and the letters that no font of their text has."""
    buffer = io.BytesIO()
    metadata = {"Software": None, **({DESCRIPTION: description} if description else {})}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(buffer, format="png", metadata=metadata)
    missing = set()
    for warning in caught:
        if found := _MISSING.match(str(warning.message)):
            missing.add(chr(int(found[1])))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return buffer.getvalue(), missing


def _change_texts(figure: Figure, change: Callable[[str], str], families: list[str]) -> None:
    """Give all texts these families, and those that have another text after the change that."""
    from matplotlib.text import Text

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label.get_text() for label in axis.get_ticklabels()]
            changed = [change(label) for label in labels]
            if changed != labels:
                axis.set_ticks(axis.get_ticklocs(), changed)
    for text in figure.findobj(Text):
        text.set_fontfamily(families)
        text.set_text(change(text.get_text()))


@cache
def _families(letters: frozenset[str]) -> list[str]:
    """Return as few fonts of this machine as have together all of the letters that any has."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    listed = {entry.fname for entry in manager.ttflist}
    for path in sorted({*font_manager.findSystemFonts()} - listed):  # the list may be an old one
        with suppress(OSError, RuntimeError):
            manager.addfont(path)
    entries = sorted(manager.ttflist, key=_preference)
    has = {entry.name: _covered(entry.fname, letters) for entry in reversed(entries)}
    found: list[str] = []
    names = list(dict.fromkeys(entry.name for entry in entries if "Last Resort" not in entry.name))
    while letters:
        best = max(names, key=lambda name: len(has[name] & letters))
        if not has[best] & letters:
            break
        found.append(best)
        letters -= has[best]
    return found


def _preference(entry: FontEntry) -> tuple[bool, bool, int, str]:
    """Return what sorts upright fonts without serifs first, and Japanese first in a collection."""
    is_plain = entry.style == "normal" and "Sans" in entry.name and "Mono" not in entry.name
    number_in_file = getattr(entry, "index", 0)
    return not is_plain, entry.weight != REGULAR, number_in_file, entry.name


def _covered(path: str, letters: frozenset[str]) -> frozenset[str]:
    """Return the letters that a font can show."""
    from matplotlib.font_manager import get_font

    try:
        font = get_font(path)
    except (OSError, RuntimeError):
        return frozenset()
    if not font.scalable:  # pictures in colour
        return frozenset()
    return frozenset(letter for letter in letters if font.get_char_index(ord(letter)))
