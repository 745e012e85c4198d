"""Figures beside the tables: bars in groups, and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    Line = tuple[Sequence[float], Sequence[float]]

WIDTH_INCHES = 8.0
BAR_INCHES = 0.22
MARGIN_INCHES = 1.4
DPI = 120
LEGEND_COLUMNS = 3


class Chart(Protocol):
    """What a section can show as a figure."""

    @property
    def height_inches(self) -> float:
        """How high the figure has to be."""

    def draw(self, axes: Axes) -> None:
        """Draw it."""


@dataclass(frozen=True, kw_only=True)
class BarChart:
    """Horizontal bars: a group per case, a bar per series that has the case.

    `target` is a line that the bars are held against; None for no line.
    """

    label: str
    values: Mapping[str, Mapping[str, float]]  # Of each series, by case.
    target: float | None = None
    is_logarithmic: bool = False

    @property
    def cases(self) -> list[str]:
        """All cases, in the order in which they come up."""
        return list(dict.fromkeys(case for series in self.values.values() for case in series))

    @property
    def height_inches(self) -> float:
        """Room for all bars, and for the axis and the legend."""
        n_bars = sum(len(series) for series in self.values.values())
        n_legend_rows = -(-len(self.values) // LEGEND_COLUMNS)
        return MARGIN_INCHES + BAR_INCHES * (n_bars + len(self.cases) + n_legend_rows)

    def draw(self, axes: Axes) -> None:
        """Draw the groups from top to bottom, with the figure at the end of each bar."""
        place = 0.0
        middles = {}
        colours = {name: f"C{number}" for number, name in enumerate(self.values)}
        for case in self.cases:
            present = [name for name in self.values if case in self.values[name]]
            for number, name in enumerate(present):
                bars = axes.barh(place + number, self.values[name][case], color=colours[name])
                axes.bar_label(bars, fmt="%.3g", padding=3, fontsize=8)
            middles[case] = place + (len(present) - 1) / 2
            place += len(present) + 1
        axes.set_yticks(list(middles.values()), list(middles))
        axes.invert_yaxis()
        axes.set_xscale("log" if self.is_logarithmic else "linear")
        axes.margins(x=0.12)
        axes.set_xlabel(self.label)
        if self.target is not None:
            axes.axvline(self.target, color="black", linestyle="--", linewidth=1)
        _legend(axes, colours)


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """Lines over one axis."""

    x_label: str
    y_label: str
    lines: Mapping[str, Line]

    @property
    def height_inches(self) -> float:
        """The same for all."""
        return 4.5

    def draw(self, axes: Axes) -> None:
        """Draw the lines."""
        for name, (x, y) in self.lines.items():
            axes.plot(x, y, label=name)
        axes.set_xlabel(self.x_label)
        axes.set_ylabel(self.y_label)
        axes.legend(frameon=False, fontsize=8)


def save_chart(chart: Chart, title: str, path: Path) -> None:
    """Draw a chart into a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, chart.height_inches), layout="constrained", dpi=DPI)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontsize=11)
    chart.draw(axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _legend(axes: Axes, colours: Mapping[str, str]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=name) for name, colour in colours.items()]
    axes.get_figure(root=True).legend(
        handles=handles, frameon=False, fontsize=8, loc="outside lower center", ncols=LEGEND_COLUMNS
    )
