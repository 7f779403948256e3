from __future__ import annotations

import io
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument
from rapidfuzz.fuzz import ratio

from ocr_server.deadline import Deadline
from ocr_server.document.model import Direction, Document
from ocr_server.export.docx import render_docx
from ocr_server.export.rendering import LineUse, Rendering
from ocr_server.job import Limits, ReadOptions
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from ocr_server.sources.decode import decode_page
from tests.export.documents import (
    document,
    line,
    numbered_pages,
    page,
    two_pages,
    word,
    zone,
)
from tests.export.report import draw_report
from tests.export.tables import document_of, table_zone
from tests.export.test_markdown import tabled


def made_of(document: Document, lines: LineUse = LineUse.KEEP) -> bytes:
    return b"".join(render_docx(document, (), Rendering(lines=lines)))


def opened(document: Document, lines: LineUse = LineUse.KEEP) -> WordDocument:
    return docx.Document(io.BytesIO(made_of(document, lines)))


def test_the_text_is_that_of_the_document() -> None:
    paragraphs = opened(two_pages()).paragraphs

    text = "\n".join(paragraph.text for paragraph in paragraphs)
    assert text.split() == two_pages().text.split()
    assert paragraphs[0].text == "The quick brown fox jum-\nped over & under"


def test_joined_lines_are_one_line() -> None:
    assert (
        opened(two_pages(), LineUse.JOIN).paragraphs[0].text
        == "The quick brown fox jumped over & under"
    )


def breaks_of(made: WordDocument) -> list[str]:
    return [paragraph.text for paragraph in made.paragraphs]


@pytest.mark.parametrize(
    "rows",
    [
        "Harbour Library\n12 Quay Street, third floor\nTel 5550 1234",
        "TEA 3.40\nCOFFEE AND CAKE 12.90\nTOTAL 16.30\nTHANK YOU",
        "Name: Ann Lee\nBorn: 1 May 1990, in a small town",
    ],
)
def test_lines_that_are_no_prose_keep_their_ends_unless_they_are_to_be_joined(rows: str) -> None:
    read = document(page(zone(rows)))

    assert breaks_of(opened(read, LineUse.AUTO)) == [rows]
    assert breaks_of(opened(read, LineUse.JOIN)) == [rows.replace("\n", " ")]


def test_lines_with_columns_keep_their_ends() -> None:
    rows = [
        replace(line(text, top), words=(*line(text, top).words, word(price, 500, top)))
        for text, price, top in (("Tea and a cake", "3.40", 30), ("Coffee", "12.90", 60))
    ]
    read = document(page(replace(zone("x"), lines=tuple(rows))))

    assert breaks_of(opened(read, LineUse.AUTO)) == ["Tea and a cake 3.40\nCoffee 12.90"]


def test_rows_of_money_flush_right_keep_their_ends() -> None:
    rows = [
        line(text, 30 * (at + 1), left=400 - 10 * len(text))
        for at, text in enumerate(("CASH RM 5.00", "CHANGE RM 2.50"))
    ]
    read = document(page(replace(zone("x"), lines=tuple(rows))))

    assert breaks_of(opened(read, LineUse.AUTO)) == ["CASH RM 5.00\nCHANGE RM 2.50"]


@pytest.mark.parametrize(
    ("page_end", "is_receipt"),
    [("TOTAL 12.90\nTEL 5550 1234", True), ("and so it ends\nfor all of us", False)],
)
def test_what_could_be_prose_has_rows_on_a_receipt(page_end: str, *, is_receipt: bool) -> None:
    both = zone("SR 6 a of 7\n12 rows all", top=60)  # neither has room left
    ends = zone(page_end, "Bill one\nThe shop", top=200)

    made = opened(document(page(both, ends)), LineUse.AUTO)

    assert ("SR 6 a of 7\n12 rows all" in breaks_of(made)) == is_receipt


@pytest.mark.parametrize(
    "prose",
    [
        "The ferry leaves at noon. Come\nBefore that to the desk with a\ncard.",
        "Dear reader,\nthe ferry ticket is at\nthe desk.",  # a greeting is one line of three
        "A short line.\nIt ends.",
    ],
)
def test_lines_of_prose_flow(prose: str) -> None:
    made = opened(document(page(zone(prose))), LineUse.AUTO)

    assert breaks_of(made) == [prose.replace("\n", " ")]


def test_rows_from_right_to_left_keep_their_ends() -> None:
    texts = ("שם", "רחוב הנמל שתים")
    rows = [
        line(text, 30 * (at + 1), left=400 - 10 * len(text), direction=Direction.RIGHT_TO_LEFT)
        for at, text in enumerate(texts)
    ]
    read = document(page(replace(zone("x"), lines=tuple(rows))))

    assert breaks_of(opened(read, LineUse.AUTO)) == ["\n".join(texts)]


def test_each_page_begins_on_a_new_one() -> None:
    made = opened(two_pages())

    assert sum('w:type="page"' in paragraph._p.xml for paragraph in made.paragraphs) == 1


@pytest.mark.parametrize(
    ("width_px", "height_px", "paper_mm"),
    [
        (1240, 1754, (210, 297)),
        (1754, 1240, (297, 210)),
        (1700, 2200, (216, 279)),
        (400, 2000, (210, 297)),  # a receipt
    ],
)
def test_the_paper_has_the_shape_of_the_page(
    width_px: int, height_px: int, paper_mm: tuple[int, int]
) -> None:
    made = opened(document(replace(page(zone("text")), width_px=width_px, height_px=height_px)))

    section = made.sections[0]
    assert section.page_width is not None
    assert section.page_height is not None
    assert (round(section.page_width.mm), round(section.page_height.mm)) == paper_mm


def test_large_type_makes_headings() -> None:
    title = zone("The title")
    title = replace(title, lines=(replace(title.lines[0], x_height_px=24),))

    made = opened(document(page(title, zone("Plain words below the title", top=90))))

    styles = [paragraph.style.name for paragraph in made.paragraphs if paragraph.style]
    assert styles == ["Heading 1", "Normal"]


def test_tables_are_tables() -> None:
    (table,) = opened(tabled()).tables

    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Item", "Price"],
        ["Tea", "2|50"],
    ]


def test_text_from_right_to_left_is_marked_so() -> None:
    rightwards = replace(zone("x"), lines=(line("שלום", 30, direction=Direction.RIGHT_TO_LEFT),))

    paragraph = opened(document(page(rightwards))).paragraphs[0]

    assert "<w:bidi/>" in paragraph._p.xml
    assert paragraph.runs[0].font.rtl


@pytest.mark.parametrize(
    ("lines", "read_in", "tags"),
    [
        (("deu", "eng", "deu"), ("eng", "deu"), {"de"}),
        ((None,), ("chi_sim_vert",), {"zh-Hans"}),
        ((None,), ("script/Latin", "eng"), set()),
    ],
)
def test_spelling_is_checked_in_the_language_that_was_read(
    lines: tuple[str | None, ...], read_in: tuple[str, ...], tags: set[str]
) -> None:
    read = tuple(replace(line("x", 30), language=language) for language in lines)
    whole = document(page(replace(zone("x"), lines=read)))

    made = opened(replace(whole, engine=replace(whole.engine, languages=read_in)))

    (language,) = made.styles.element.xpath("w:docDefaults//w:lang")
    assert set(language.attrib.values()) == tags


def test_nothing_in_it_points_outside() -> None:
    linked = replace(zone("x"), lines=(line("https://example.org file:///etc/passwd", 30),))

    with zipfile.ZipFile(io.BytesIO(made_of(document(page(linked))))) as archive:
        relations = [archive.read(n) for n in archive.namelist() if n.endswith(".rels")]

    assert relations
    assert not any(b'TargetMode="External"' in relation for relation in relations)


def test_control_characters_do_no_harm() -> None:
    evil = replace(word("x", 40, 30), text="a\x00\x0b<w:p>\ud800b")
    one = replace(zone("x"), lines=(replace(line("x", 30), words=(evil,)),))

    assert opened(document(page(one))).paragraphs[0].text == "a<w:p>b"


def test_the_same_document_gives_the_same_bytes() -> None:
    assert made_of(two_pages()) == made_of(two_pages())


def test_the_same_document_gives_the_same_bytes_a_day_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    today, now_s = made_of(two_pages()), time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 86400)

    assert made_of(two_pages()) == today


def test_paragraphs_flow_unless_lines_are_to_be_kept() -> None:
    made = opened(two_pages(), LineUse.AUTO)

    assert made.paragraphs[0].text == "The quick brown fox jumped over & under"
    assert not made.element.xpath("//w:br")


def test_cells_that_span_are_merged_and_heads_repeated() -> None:
    zone_ = table_zone(["Half year", ""], ["1", "2"], header_rows=1)
    assert zone_.table
    wide, _, *rest = zone_.table.cells
    spanning = replace(zone_.table, cells=(replace(wide, column_span=2), *rest))

    (table,) = opened(document_of([replace(zone_, table=spanning)])).tables

    assert [cell.text for cell in table.rows[0].cells] == ["Half year", "Half year"]
    assert len(table._tbl.xpath(".//w:gridSpan")) == len(table._tbl.xpath(".//w:tblHeader")) == 1


@pytest.mark.tesseract
def test_a_report_flows(tmp_path: Path) -> None:
    pictures, paragraphs = draw_report(3, seed=2)
    pages = []
    for number, picture in enumerate(pictures, start=1):
        path = tmp_path / f"{number}.png"
        picture.save(path, dpi=(150, 150))
        canvas = decode_page(path, 0, limits=Limits(), password=None, grey=True)
        context = ReadContext.of("pytesseract", Deadline.after(120))
        pages.append(read_page(canvas, number=number, options=ReadOptions(), context=context))

    made = opened(document(*pages), LineUse.AUTO)

    found = [paragraph.text for paragraph in made.paragraphs]
    whole = [
        paragraph
        for paragraph in paragraphs[:-1]  # the last one may be cut off
        if any(ratio(paragraph, text) >= 95 for text in found)
    ]
    assert not made.element.xpath("//w:br")
    assert len(whole) >= 0.95 * len(paragraphs[:-1])


def test_heads_feet_and_numbers_are_words_own() -> None:
    made = opened(numbered_pages(), LineUse.AUTO)

    section = made.sections[0]
    assert [one.text for one in section.header.paragraphs] == ["Annual report"]
    feet = section.footer.paragraphs
    assert [one.text for one in feet] == ["Confidential", "Page "]
    assert 'w:fldSimple w:instr="PAGE"' in feet[1]._p.xml
    assert 'w:pgNumType w:start="17"' in section._sectPr.xml
    assert [one.text for one in made.paragraphs] == [
        f"Plain words of page {name}." for name in ("one", "two", "three")
    ]


def test_heads_of_left_and_right_pages_are_words_own() -> None:
    heads = ("The house", "Winter")
    pages = [
        page(zone(heads[n % 2], top=10), zone(f"Words {n}.", top=200), number=n)
        for n in range(1, 7)
    ]

    section = opened(document(*pages), LineUse.AUTO).sections[0]

    assert section.header.paragraphs[0].text == "Winter"
    assert section.even_page_header.paragraphs[0].text == "The house"


def test_heads_of_chapters_stand_once_in_the_text() -> None:
    pages = [
        page(
            zone(f"Chapter {'ABC'[n // 4] * 5}", top=10), zone(f"Words {n}.", top=200), number=n + 1
        )
        for n in range(12)
    ]

    made = opened(document(*pages), LineUse.AUTO)

    assert not made.sections[0].header.paragraphs[0].text
    heads = [one.text for one in made.paragraphs if one.text.startswith("Chapter")]
    assert heads == ["Chapter AAAAA", "Chapter BBBBB", "Chapter CCCCC"]
