"""Figures as tables: Markdown for people, JSON for programs, and small pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape

Cell = str | float | int | None

BAR_PX, ROW_PX, LABEL_PX, WIDTH_PX = 14, 20, 230, 720
COLOURS = {"ours": "#1a7f5a", "ours, warm": "#55b28c", "ours, both readers": "#8fcfb3"}
OTHERS = "#9aa0a6"
SIDE_PX, EDGE_PX, LARGEST_PX = 340, 40, 14
CURVES = ("#1a7f5a", "#b3541e")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that has to be reached: at most or at least so much."""

    name: str
    value: float
    most: float | None = None
    least: float | None = None

    @property
    def is_reached(self) -> bool:
        """Whether it is."""
        not_over = self.most is None or self.value <= self.most
        return not_over and (self.least is None or self.value >= self.least)


@dataclass(frozen=True, slots=True)
class Section:
    """One table of figures with the targets that they decide."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    targets: tuple[Target, ...] = field(default=())


def as_markdown(section: Section) -> str:
    """One table under its title."""
    return f"### {section.title}\n\n{_table(section.columns, section.rows)}\n"


def targets_of(sections: Iterable[Section]) -> Section:
    """Which targets were reached, as a table of its own."""
    rows = tuple(
        (
            target.name,
            target.value,
            f"≤ {target.most:g}" if target.most is not None else f"≥ {target.least:g}",
            "yes" if target.is_reached else "**no**",
        )
        for section in sections
        for target in section.targets
    )
    return Section("Targets", ("", "measured", "target", "reached"), rows)


def as_json(machine: str, sections: Iterable[Section]) -> str:
    """The same for programs."""
    return json.dumps({"machine": machine, "sections": [asdict(one) for one in sections]}, indent=1)


def as_svg(title: str, bars: Sequence[tuple[str, str, float]], unit: str) -> str:
    """A bar for each (label, who, value), longest first in its scale, without any library."""
    largest = max(value for *_, value in bars)
    height_px = ROW_PX * (len(bars) + 1) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height_px}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<path fill="#fff" d="M0 0h9999v9999H0z"/>',  # on a dark page, too
        f'<text x="0" y="14" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (label, who, value) in enumerate(bars, 1):
        y_px = ROW_PX * number + 4
        length_px = max(1, round(value / largest * (WIDTH_PX - LABEL_PX - 80)))
        lines += [
            f'<text x="{LABEL_PX - 8}" y="{y_px + 11}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LABEL_PX}" y="{y_px}" width="{length_px}" height="{BAR_PX}" '
            f'fill="{COLOURS.get(who, OTHERS)}"/>',
            f'<text x="{LABEL_PX + length_px + 6}" y="{y_px + 11}">{_shown(value)} {unit}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def as_diagram(title: str, curves: Mapping[str, Sequence[tuple[float, float, int]]]) -> str:
    """A square diagram of shares from 0 to 1, with its diagonal, without any library.

    The points of each named curve are x, y and a count, to which their area is proportional.
    """
    most = max(count for points in curves.values() for *_, count in points)
    side_px, edge_px = SIDE_PX, EDGE_PX

    def place(x: float, y: float) -> tuple[float, float]:
        return round(edge_px + x * side_px, 1), round(edge_px + (1 - y) * side_px, 1)

    whole_px = side_px + 2 * edge_px
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole_px} {whole_px}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<path fill="#fff" d="M0 0h9999v9999H0z"/>',  # on a dark page, too
        f'<text x="0" y="14" font-weight="bold">{escape(title)}</text>',
        f'<path fill="none" stroke="#ccc" d="M{edge_px} {edge_px}h{side_px}v{side_px}h-{side_px}z'
        f'M{edge_px} {edge_px + side_px}l{side_px} -{side_px}"/>',
    ]
    for tenth in range(0, 11, 2):
        (x_px, _), (_, y_px) = place(tenth / 10, 0), place(0, tenth / 10)
        foot_px = edge_px + side_px + 16
        lines += [
            f'<text x="{x_px}" y="{foot_px}" text-anchor="middle">{tenth / 10:g}</text>',
            f'<text x="{edge_px - 8}" y="{y_px + 4}" text-anchor="end">{tenth / 10:g}</text>',
        ]
    for number, (name, points) in enumerate(curves.items()):
        colour = CURVES[number % len(CURVES)]
        places = [place(x, y) for x, y, _ in points]
        path = " ".join(f"{x_px},{y_px}" for x_px, y_px in places)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        for (x_px, y_px), (*_, count) in zip(places, points, strict=True):
            radius_px = max(2.0, round(LARGEST_PX * math.sqrt(count / most), 1))
            lines.append(
                f'<circle cx="{x_px}" cy="{y_px}" r="{radius_px}" fill="{colour}" opacity="0.6"/>'
            )
        y_px = edge_px + 20 * (number + 1)
        lines.append(f'<text x="{edge_px + 12}" y="{y_px}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(_shown(cell) for cell in line)} |" for line in lines)


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return (
            f"{cell:.3f}" if abs(cell) < 1 else f"{cell:.2f}" if abs(cell) < 100 else f"{cell:.0f}"
        )
    return str(cell)
