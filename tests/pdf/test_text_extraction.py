from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

import pikepdf
import pytest

from ocr_server.document.model import Direction, Document
from ocr_server.export.pdf.writer import render_pdf
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box, Transform
from ocr_server.job import Limits
from ocr_server.pdf.render import draw_page
from ocr_server.pdf.text_extraction import ExtractedText, read_text_layer
from tests.export.documents import document, line, page, turned, two_pages, zone
from tests.export.pictures import noise, picture_pdf, put_into_form, typed_pdf

LINES = "first) Tj 0 -30 Td (second) Tj 0 -30 Td (third"  # each on a line of its own
LIMITS = Limits(pdf_dpi=144)  # two pixels a point


def layer_of(path: Path, *, symbols: bool = False) -> ExtractedText:
    return read_text_layer(path, 0, limits=LIMITS, password=None, symbols=symbols)


def text_of(layer: ExtractedText) -> str:
    return "\n\n".join(zone.text for zone in layer.zones)


def made_of(tmp_path: Path, document: Document) -> Path:
    """A searchable PDF of a document, at 100 pixels an inch."""
    scan, made = tmp_path / "scan.png", tmp_path / "made.pdf"
    first = document.pages[0]
    noise(first.width_px, first.height_px).save(scan, dpi=(100, 100))
    made.write_bytes(b"".join(render_pdf(document, (scan,), Rendering())))
    return made


def test_typed_text_is_read_with_its_places(tmp_path: Path) -> None:
    layer = layer_of(typed_pdf(tmp_path / "typed.pdf", "Typed text"))

    assert text_of(layer) == "Typed text"
    assert (layer.width_px, layer.height_px) == (596, 840)
    first = layer.words[0]
    assert first.box.left == pytest.approx(60, abs=4)  # two pixels a point; letters have bearings
    assert first.box.top < 120 < first.box.bottom  # the baseline: 60 points from the top
    assert layer.zones[0].lines[0].baseline[0].y == pytest.approx(120, abs=0.5)
    assert layer.is_real
    assert not layer.pictures


@pytest.mark.parametrize("box", [[10.3, 20.7, 300.1, 500.9], [0, 0, 612, 792]])
def test_the_page_has_the_size_at_which_it_would_be_drawn(tmp_path: Path, box: list[float]) -> None:
    path = typed_pdf(tmp_path / "typed.pdf", "x")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.MediaBox = box
        pdf.pages[0].obj.Rotate = 90
        pdf.save(path)

    layer, drawn = layer_of(path), draw_page(path, 0, limits=LIMITS, password=None).canvas

    assert (layer.width_px, layer.height_px) == (drawn.width_px, drawn.height_px)


def test_larger_units_make_a_larger_page_and_its_words_with_it(tmp_path: Path) -> None:
    path = typed_pdf(tmp_path / "typed.pdf", "Typed text")
    small = layer_of(path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.UserUnit = pikepdf.Object.parse(b"2.5")
        pdf.save(path)

    large, drawn = layer_of(path), draw_page(path, 0, limits=LIMITS, password=None).canvas

    assert (large.width_px, large.height_px) == (drawn.width_px, drawn.height_px) == (1490, 2100)
    assert large.dpi == small.dpi == drawn.dpi
    for before, after in zip(small.words, large.words, strict=True):
        sides = [2.5 * side for side in astuple(before.box)]
        assert astuple(after.box) == pytest.approx(sides, abs=3)  # whole pixels, times 2.5


@pytest.mark.parametrize("quarters", range(4))
def test_our_own_layer_comes_back_word_for_word(tmp_path: Path, quarters: int) -> None:
    sent = turned(document(two_pages().pages[0]), quarters)

    layer = layer_of(made_of(tmp_path, sent))

    assert {word.text for word in layer.words} == {word.text for word in sent.pages[0].words}
    for was in sent.pages[0].words:
        now = min(
            (word for word in layer.words if word.text == was.text),
            key=lambda word: abs(word.box.left - was.box.left * 1.44),
        )
        # 144 dpi instead of 100; a letter's height is that of its line.
        middle = (now.box.left + now.box.right) / 2, (now.box.top + now.box.bottom) / 2
        expected = was.box.left + was.box.width / 2, was.box.top + was.box.height / 2
        assert middle == pytest.approx([value * 1.44 for value in expected], abs=3)
        assert now.quad.angle_deg == pytest.approx(was.quad.angle_deg % 360, abs=0.1) or (
            now.quad.angle_deg % 360 == pytest.approx(was.quad.angle_deg % 360, abs=0.1)
        )


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
def test_lines_of_a_turned_page_come_from_the_first_to_the_last(
    tmp_path: Path, rotation_deg: int
) -> None:
    path = typed_pdf(tmp_path / "typed.pdf", LINES)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Rotate = rotation_deg
        pdf.save(path)

    assert text_of(layer_of(path)).split() == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("subtype", "entry"), [("/Widget", "/V"), ("/FreeText", "/Contents"), ("/Square", "/Contents")]
)
@pytest.mark.parametrize("value", ["Ada", ""])
def test_what_is_written_into_a_form_or_onto_a_page_is_not_in_its_text(
    tmp_path: Path, subtype: str, entry: str, value: str
) -> None:
    path = typed_pdf(tmp_path / "form.pdf", "Name")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name(subtype), Rect=[72, 300, 172, 320],
            FT=pikepdf.Name.Tx, T=pikepdf.String("name"),
        )  # fmt: skip
        note[entry] = pikepdf.String(value)
        notes = pikepdf.Array([pdf.make_indirect(note)])
        pdf.pages[0].obj.Annots = notes
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=notes)
        pdf.save(path)

    layer = layer_of(path)

    height_px = layer.height_px
    written = (Box(144, height_px - 640, 344, height_px - 600),)
    assert layer.pictures == (written if value and subtype != "/Square" else ())


def test_a_skewed_layer_keeps_its_slope(tmp_path: Path) -> None:
    way = Transform.rotation(5).then(Transform.shift(40, 0))
    sent = document(page(zone("Letters that climb down").mapped(way)))

    layer = layer_of(made_of(tmp_path, sent))

    assert text_of(layer) == "Letters that climb down"
    for word in layer.words:
        assert word.quad.angle_deg == pytest.approx(5, abs=0.2)


def test_right_to_left_text_reads_in_its_own_order(tmp_path: Path) -> None:
    one = replace(
        zone("x"), lines=(line("مرحبا بالعالم كتاب", 100, direction=Direction.RIGHT_TO_LEFT),)
    )

    layer = layer_of(made_of(tmp_path, document(page(one))))

    assert text_of(layer) == "مرحبا بالعالم كتاب"
    assert layer.zones[0].lines[0].direction is Direction.RIGHT_TO_LEFT


def test_lines_apart_are_paragraphs_and_zones(tmp_path: Path) -> None:
    layer = layer_of(made_of(tmp_path, document(two_pages().pages[0])))

    assert len(layer.zones) == 2
    assert [len(lines) for lines in layer.zones[0].paragraphs()] == [3]


def test_letters_are_told_when_asked_for(tmp_path: Path) -> None:
    path = typed_pdf(tmp_path / "typed.pdf", "Typed")

    assert layer_of(path).words[0].symbols == ()
    assert "".join(s.text for s in layer_of(path, symbols=True).words[0].symbols) == "Typed"


def test_a_page_without_text_has_no_layer(tmp_path: Path) -> None:
    layer = layer_of(typed_pdf(tmp_path / "blank.pdf", ""))

    assert not layer.is_real
    assert layer.found == "no text"


def test_letters_without_meaning_are_no_text(tmp_path: Path) -> None:
    path = made_of(tmp_path, document(page(zone("\ue001\ue002 \ue003\ue004 word"))))

    layer = layer_of(path)

    assert not layer.is_real
    assert layer.found == "letters without a meaning"


def test_a_picture_without_text_on_it_is_told(tmp_path: Path) -> None:
    stamped = picture_pdf(tmp_path / "stamped.pdf", noise(298, 420), text="Page 7")

    layer = layer_of(stamped)

    assert layer.is_real
    assert [round(box.width) for box in layer.pictures] == [596]
    assert layer.found == "2 words, and pictures without text"


def test_a_picture_in_a_form_is_where_the_form_is_drawn(tmp_path: Path) -> None:
    page_of_half = picture_pdf(tmp_path / "form.pdf", noise(298, 420))
    put_into_form(page_of_half, "q 0.5 0 0 0.5 100 20 cm /Form Do Q")

    (picture,) = layer_of(page_of_half).pictures

    assert picture.width == pytest.approx(298, abs=1)  # half of the page, at two pixels a point
    assert (picture.left, picture.bottom) == pytest.approx((200, 800), abs=1)


def test_a_picture_under_its_own_text_is_covered(tmp_path: Path) -> None:
    assert not layer_of(made_of(tmp_path, two_pages_first())).pictures


def two_pages_first() -> Document:
    return document(two_pages().pages[0])


def test_words_beside_a_sloping_label_join_the_layer(tmp_path: Path) -> None:
    layer = layer_of(picture_pdf(tmp_path / "stamped.pdf", noise(298, 420), text="Page 7"))
    label = zone("COPY", top=400).mapped(Transform.rotation(-40))
    sloping = replace(layer, visible=(label,), rows=())
    word = zone("a", top=0)
    at_corner = word.mapped(
        Transform.shift(label.box.left - word.box.left, label.box.top - word.box.top)
    )

    joined = sloping.joined_by(page(at_corner, width_px=596, height_px=840))

    assert label.lines[0].words[0].box.contains(at_corner.box.middle)
    assert [one.text for one in joined] == ["COPY", "a"]


def test_only_words_on_pictures_join_the_layer(tmp_path: Path) -> None:
    stamped = picture_pdf(tmp_path / "stamped.pdf", noise(298, 420), text="Page 7")
    layer = layer_of(stamped)
    stamp = layer.words[0].box
    above = zone("read", top=stamp.top - 60)
    over = zone("doubled", top=stamp.top + 10)
    below = zone("again", top=400)
    read = page(above, over, below, width_px=596, height_px=840)
    smaller = replace(layer, pictures=(layer.pictures[0],), rows=())

    joined = smaller.joined_by(read)

    assert [one.text for one in joined] == ["read", "Page 7", "again"]
    nothing = replace(layer, pictures=(), rows=()).joined_by(read)
    assert [one.text for one in nothing] == ["Page 7"]
