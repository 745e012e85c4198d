"""The one look of all plots: size, palette and type."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers can tell apart, dark enough for thin lines.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#b6599a", "#c98a00", "#4a9fd8", "#7a5c3e")
INK = "#1f2933"
MUTED = "#5f6b7a"
GRID = "#e4e8ee"
REST = "#c3cad3"

TEXT_SIZE = 10
SMALL_TEXT_SIZE = 9
WIDTH_IN = 5.0
HEIGHT_IN = 3.9
DOTS_PER_INCH = 200


def new_figure(width_in: float = WIDTH_IN, height_in: float = HEIGHT_IN) -> Figure:
    """Return an empty figure that belongs to no global state and so needs no closing."""
    from matplotlib.figure import Figure

    size = (width_in, height_in)
    return Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")


def new_axes(x_label: str, y_label: str, *, height_in: float = HEIGHT_IN) -> tuple[Figure, Axes]:
    """Return a figure with one styled pair of axes."""
    figure = new_figure(height_in=height_in)
    axes = figure.add_subplot()
    style_axes(axes, x_label=x_label, y_label=y_label)
    return figure, axes


def style_axes(axes: Axes, *, x_label: str, y_label: str) -> None:
    """Leave the axes two quiet spines, a pale grid and readable labels."""
    axes.set_xlabel(x_label, fontsize=TEXT_SIZE, color=INK, labelpad=6)
    axes.set_ylabel(y_label, fontsize=TEXT_SIZE, color=INK, labelpad=6)
    axes.tick_params(labelsize=SMALL_TEXT_SIZE, labelcolor=MUTED, color=REST, length=0, pad=5)
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(REST)


def shorten(text: object, n_characters: int = 20) -> str:
    """Return the text, cut with an ellipsis if it is longer, and safe from TeX-like markup."""
    plain = str(text)
    if len(plain) > n_characters:
        plain = plain[: n_characters - 1] + "\N{HORIZONTAL ELLIPSIS}"
    # A pair of dollar signs would be read as a formula.
    return plain.replace("$", r"\$")


def of_rows(label: str, n_shown: int, n_rows: int) -> str:
    """Return the label, with the share of the rows that are shown if these are not all."""
    return label if n_shown == n_rows else f"{label}\n({n_shown:,} of {n_rows:,} rows)"


def write_plain_ticks(*axes: Axis) -> None:
    """Give these axes few ticks, written as 20,000 and with a true minus sign."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis in axes:
        axis.set_major_locator(MaxNLocator(nbins=5))
        axis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:,.6g}".replace("-", "\N{MINUS SIGN}"))
        )
