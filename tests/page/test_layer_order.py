from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from ocr_server.document.model import Zone
from ocr_server.job import Limits
from ocr_server.page.layer_order import in_columns
from ocr_server.pdf.text_extraction import read_text_layer

GARDEN = (
    "The first column tells of the garden in which the",
    "old gardener had planted roses along the wall and",
    "where each morning he walked with his grey dog as",
    "nobody in the house had opened a window. When the",
    "frost came early he covered the beds with straw and",
    "waited for the spring, as his father had done.",
)
HARBOUR = (
    "The second column is about the harbour where the",
    "ships from other countries brought timber, coffee",
    "and glass. Sailors sat on barrels and told tales",
    "which nobody believed. In the evening lamps were",
    "lit along the quay, and music came from the doors",
    "of inns until late at night.",
)
TERMS = (
    "Wages, salaries, tips and bonuses", "Interest that is taxable", "Dividends received",
    "Refunds of state and local taxes", "Alimony that was paid to you", "Business income",
)  # fmt: skip
MEANINGS = (
    "Form 4711, boxes 1 and 2", "Form 4712 and each statement", "Form 4713, boxes 1 to 3",
    "Form 4714, as of last year", "Agreement of both parties", "Schedule C, lines 3 to 9",
)  # fmt: skip

Cell = tuple[float, float, str]  # x, y, text


def cells(*columns: Sequence[str], right_pt: float = 300, lower_pt: float = 0) -> list[list[Cell]]:
    """The lines of two columns in rows 12 pt apart."""
    lefts = (50, right_pt)
    return [
        [(lefts[side], 700 - 12 * row - side * lower_pt, text) for row, text in enumerate(column)]
        for side, column in enumerate(columns)
    ]


def in_turn(columns: list[list[Cell]]) -> Iterator[Cell]:
    return (cell for row in zip_longest(*columns) for cell in row if cell)


def zones_of(path: Path, stored: Sequence[Cell]) -> tuple[Zone, ...]:
    """What the layer of a PDF says whose lines are stored in that order, below a title."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.obj.Resources = Dictionary(Font=Dictionary(F=font))
    title = (50, 740, "Of gardens and of harbours, and of all that is in them")
    drawn = (f"/F 9 Tf 1 0 0 1 {x} {y} Tm ({text}) Tj" for x, y, text in (title, *stored))
    page.obj.Contents = pdf.make_stream(f"BT {' '.join(drawn)} ET".encode("ascii"))
    pdf.save(path)
    return read_text_layer(path, 0, limits=Limits(), password=None).visible


def texts(zones: Sequence[Zone]) -> list[str]:
    return [line.text for zone in zones for line in zone.lines][1:]


@pytest.mark.parametrize("lower_pt", [0, 4])
@pytest.mark.parametrize("right_pt", [275, 320])
def test_columns_of_prose_that_are_stored_in_turn_are_read_one_after_the_other(
    tmp_path: Path, lower_pt: float, right_pt: float
) -> None:
    columns = cells(GARDEN, HARBOUR, right_pt=right_pt, lower_pt=lower_pt)
    zones = zones_of(tmp_path / "turns.pdf", list(in_turn(columns)))

    ordered = in_columns(zones)

    assert texts(zones) != [*GARDEN, *HARBOUR]
    assert texts(ordered) == [*GARDEN, *HARBOUR]
    assert [len(zone.lines) for zone in ordered] == [1, 6, 6]
    ends = [line.baseline for zone in ordered for line in zone.lines]
    assert all(end[0].x < end[-1].x for end in ends)
    assert max(end[-1].x for end in ends[1:7]) < min(end[0].x for end in ends[7:])


def test_lines_of_prose_that_are_stored_in_no_order_are_put_in_it(tmp_path: Path) -> None:
    stored = list(in_turn(cells(GARDEN, HARBOUR)))
    stored = [stored[(5 * number) % len(stored)] for number in range(len(stored))]

    ordered = in_columns(zones_of(tmp_path / "mixed.pdf", stored))

    assert texts(ordered) == [*GARDEN, *HARBOUR]


def test_the_order_of_a_layer_that_follows_its_columns_is_kept(tmp_path: Path) -> None:
    left, right = cells(GARDEN, HARBOUR)

    for name, stored in (("ltr", chain(left, right)), ("rtl", chain(right, left))):
        zones = zones_of(tmp_path / f"{name}.pdf", list(stored))

        assert in_columns(zones) == zones


def test_rows_of_a_form_stay_rows(tmp_path: Path) -> None:
    zones = zones_of(tmp_path / "form.pdf", list(in_turn(cells(TERMS, MEANINGS))))

    assert in_columns(zones) == zones
    assert texts(zones)[0] == f"{TERMS[0]} {MEANINGS[0]}"
