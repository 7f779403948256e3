from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, expect

from ocr_server.deadline import Deadline
from ocr_server.document.model import Cell, Line, Table, Word, Zone, ZoneKind
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from tests.browser.letter import ReadsLetter
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible
from tests.drawing import as_file

ROWS = (("Item", "Price"), ("Tea", "3.40"), ("Coffee", "4.l0"))
COLUMN_PX, ROW_PX, LETTER_PX = 300, 90, 18


class ReadsBill(ReadsLetter):
    """Reads a ruled table of three rows, whose last figure is doubtful."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        del canvas, options, deadline
        cells = tuple(
            Cell(row, column, cell_box(row, column).quad(), text)
            for row, texts in enumerate(ROWS)
            for column, text in enumerate(texts)
        )
        lines = tuple(line_of(row, texts) for row, texts in enumerate(ROWS))
        table = Table(len(ROWS), 2, cells, header_rows=1)
        return (Zone(ZoneKind.TABLE, table.box.quad(), lines, table),)


def cell_box(row: int, column: int) -> Box:
    left, top = 60 + COLUMN_PX * column, 60 + ROW_PX * row
    return Box(left, top, left + COLUMN_PX, top + ROW_PX)


def line_of(row: int, texts: tuple[str, ...]) -> Line:
    words = []
    for column, text in enumerate(texts):
        left, top, _, bottom = cell_box(row, column).rounded()
        box = Box(left + 20, top + 30, left + 20 + LETTER_PX * len(text), bottom - 30)
        words.append(Word(text, box.quad(), 0.4 if "l" in text else 0.96))
    quad = Box(words[0].box.left, words[0].box.top, words[-1].box.right, words[0].box.bottom).quad()
    return Line(tuple(words), quad, (quad.bottom_left, quad.bottom_right), 15, paragraph=row)


@pytest.fixture
def engine() -> ReadsBill:
    return ReadsBill()


@pytest.fixture
def bill(page: Page, url: str, tmp_path: Path) -> Page:
    """A page with the table on its desk."""
    picture = Image.new("L", (720, 400), 255)
    pen = ImageDraw.Draw(picture)
    for row, texts in enumerate(ROWS):
        for column, text in enumerate(texts):
            left, top, *_ = cell_box(row, column).rounded()
            font = ImageFont.load_default(30)
            pen.text((left + 20, top + 28), text, font=font, fill=0)
    file = tmp_path / "bill.png"
    file.write_bytes(as_file(picture))
    page.goto(url)
    page.set_input_files("#file", file)
    expect_state(page, "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()
    return page


def expect_rows(page: Page, *rows: str) -> None:
    expect(page.locator("[data-part=text] tr")).to_have_text(list(rows))


def choose(page: Page, name: str) -> None:
    page.locator("[data-part=table] > summary").click()
    page.get_by_role("button", name=name, exact=True).click()


def test_a_table_is_shown_as_one_and_changed(bill: Page) -> None:
    expect_rows(bill, "Item Price", "Tea 3.40", "Coffee 4.l0")
    expect(bill.locator("[data-part=text] th")).to_have_count(2)

    bill.locator("td", has_text="Tea").click(position={"x": 60, "y": 5})
    choose(bill, "Add a row below")

    expect(bill.locator("[data-part=text] tr")).to_have_count(4)
    assert_accessible(bill)

    choose(bill, "Remove the row")

    expect_rows(bill, "Item Price", "", "Coffee 4.l0")


def test_cells_are_typed_into_by_keys_and_leave_as_a_workbook(bill: Page) -> None:
    bill.get_by_role("button", name="Type in the text").click()
    expect(bill.locator(".line").first).to_be_focused()
    bill.keyboard.press("Tab")
    bill.keyboard.press("ArrowDown")
    expect(bill.locator("td .line", has_text="3.40")).to_be_focused()
    bill.keyboard.press("ControlOrMeta+a")
    bill.keyboard.type("3.45 net")
    bill.keyboard.press("Tab")

    expect(bill.locator("td .line", has_text="Coffee")).to_be_focused()
    expect_rows(bill, "Item Price", "Tea 3.45 net", "Coffee 4.l0")

    bill.keyboard.press("Escape")
    bill.locator("[data-part=downloads] > summary").click()
    with bill.expect_download() as download:
        bill.locator("[data-format=xlsx]").click()
    with ZipFile(download.value.path()) as workbook:
        assert b"3.45 net" in workbook.read("xl/sharedStrings.xml")


def test_who_clicks_beside_the_line_of_a_cell_types_into_it(bill: Page) -> None:
    bill.get_by_role("button", name="Type in the text").click()
    expect(bill.locator("td .line:focus, th .line:focus")).to_have_count(1)
    bill.keyboard.press("End")
    bill.keyboard.type("s")

    bill.locator("td", has_text="3.40").click(position={"x": 60, "y": 2})
    expect(bill.locator("td .line", has_text="3.40")).to_be_focused()
    bill.locator("td", has_text="Tea").click(position={"x": 60, "y": 2})
    bill.keyboard.type(" green")
    bill.keyboard.press("Tab")

    expect(bill.locator("td .line", has_text="3.40")).to_be_focused()
    expect_rows(bill, "Items Price", "Tea green 3.40", "Coffee 4.l0")


def test_a_table_is_copied_as_a_table(bill: Page) -> None:
    bill.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(bill, "Copy the table")
    expect(bill.locator("#status")).to_have_text("The table is on the clipboard.")

    copied = bill.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          const text = async (type) => (await item.getType(type)).text();
          return [await text("text/plain"), await text("text/html")];
        }"""
    )
    assert copied[0] == "Item\tPrice\nTea\t3.40\nCoffee\t4.l0"
    assert "<td" in copied[1]
    assert "class=" not in copied[1]
