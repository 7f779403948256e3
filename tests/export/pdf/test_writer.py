from __future__ import annotations

import ctypes
import gc
import math
import resource
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile
from pypdfium2 import raw

from ocr_server.document.model import (
    Direction,
    Document,
    Page,
    StoredPage,
    StoredPages,
    TextSource,
    Zone,
    ZoneKind,
)
from ocr_server.errors import DamagedPicture, EncryptedDocument, FormatUnavailable
from ocr_server.export.pdf import writer
from ocr_server.export.pdf.writer import render_pdf
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box, Point, Transform, hull
from ocr_server.pdf.page_copy import opened_by_qpdf
from tests.export.documents import document, line, page, turned, two_pages, word, zone
from tests.export.pictures import (
    noise,
    pdf_pixels,
    pdf_text,
    picture_bytes,
    picture_pdf,
    put_into_form,
    typed_pdf,
)
from tests.pdf_layers import drawn, lines_of, shifted

TOLERANCE_PX = 2.0  # at the page's resolution: the letters' advance is rounded to 1/1000 pt
A6_PX = (298, 420)  # an A6 page at 72 dpi


def render(
    tmp_path: Path, document: Document, *sources: Path, rendering: Rendering | None = None
) -> Path:
    made = tmp_path / "made.pdf"
    made.write_bytes(b"".join(render_pdf(document, sources, rendering or Rendering())))
    with pikepdf.open(made, password=(rendering and rendering.password) or "") as pdf:
        assert pdf.check_pdf_syntax() == []
    return made


def picture_of(document: Document, folder: Path, name: str = "scan.png") -> Path:
    path = folder / name
    first = document.pages[0]
    noise(first.width_px, first.height_px).save(path, dpi=(100, 100))
    return path


def one_page() -> Document:
    return document(two_pages().pages[0])


def filter_of(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """How the picture of the first page is compressed."""
    return pdf.pages[0].obj.Resources.XObject.Picture.Filter


def find_boxes(pdf: Path, text: str, *, dpi: float) -> list[Box]:
    """Where PDFium finds a text, in pixels of the page, unless the page is shown turned."""
    opened = pypdfium2.PdfDocument(pdf)
    try:
        height_pt = opened[0].get_height()
        letters = opened[0].get_textpage()
        search = letters.search(text, match_case=True)
        boxes = []
        while found := search.get_next():
            first, count = found
            corners = []
            for position in range(first, first + count):
                left, bottom, right, top = letters.get_charbox(position)
                corners += [Point(left, height_pt - top), Point(right, height_pt - bottom)]
            boxes.append(hull(Point(p.x * dpi / 72, p.y * dpi / 72) for p in corners))
        return boxes
    finally:
        opened.close()


@pytest.mark.parametrize("quarters", range(4))
def test_words_are_found_where_they_stand_however_the_text_is_turned(
    tmp_path: Path, quarters: int
) -> None:
    scanned = turned(one_page(), quarters)

    made = render(tmp_path, scanned, picture_of(scanned, tmp_path))

    for one in scanned.pages[0].words:
        boxes = find_boxes(made, one.text.rstrip("-"), dpi=100)
        expected = replace(one, text=one.text.rstrip("-")).box
        assert any(
            abs(box.left - expected.left) <= TOLERANCE_PX
            and abs(box.top - expected.top) <= TOLERANCE_PX
            for box in boxes
        ) or one.text.endswith("-"), one.text


def test_the_language_of_a_picture_is_told_and_that_of_a_pdf_kept(tmp_path: Path) -> None:
    read = replace(line("Wort", 30), language="deu")
    one = replace(page(replace(zone("x"), lines=(read,))), width_px=A6_PX[0], height_px=A6_PX[1])
    whole = document(one)
    picture = picture_of(whole, tmp_path)
    scan = picture_pdf(tmp_path / "scan.pdf", noise(*A6_PX))
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.Root.Lang = pikepdf.String("fr-CA")
        pdf.save()

    for source, language in ((picture, "de"), (scan, "fr-CA")):
        with pikepdf.open(render(tmp_path, whole, source)) as pdf:
            assert str(pdf.Root.Lang) == language


def test_letters_of_a_skewed_line_follow_its_baseline(tmp_path: Path) -> None:
    way = Transform.rotation(5).then(Transform.shift(40, 0))
    skewed = document(page(zone("Letters that climb down").mapped(way)))

    made = render(tmp_path, skewed, picture_of(skewed, tmp_path))

    opened = pypdfium2.PdfDocument(made)
    letters = opened[0].get_textpage()
    bottoms = []
    for position in range(letters.count_chars()):
        if letters.get_text_range(position, 1).strip():
            left, bottom, right, top = letters.get_charbox(position)
            bottoms.append(Point((left + right) / 2, (bottom + top) / 2))
    opened.close()
    slopes = [
        math.degrees(math.atan2(a.y - b.y, b.x - a.x))
        for a, b in zip(bottoms[:-4], bottoms[4:], strict=True)
    ]
    assert len(slopes) > 10
    assert all(abs(slope - 5) < 0.3 for slope in slopes)


@pytest.mark.parametrize("angle_deg", [1, 2.5, -2.5, 91, 181, 269])
def test_words_of_a_slight_slope_are_level_each_at_its_height(
    tmp_path: Path, angle_deg: float
) -> None:
    middle = Transform.shift(-300, -300)
    way = middle.then(Transform.rotation(angle_deg)).then(Transform.shift(300, 300))
    sloped = zone("Internationalisation, incomprehensibilities here", top=300).mapped(way)
    sloping = document(page(sloped, width_px=600, height_px=600))

    made = render(tmp_path, sloping, picture_of(sloping, tmp_path))

    opened = pypdfium2.PdfDocument(made)
    letters = opened[0].get_textpage()
    heights = []
    for position in range(20):
        left, bottom, _, _ = letters.get_charbox(position)
        heights.append(bottom if angle_deg < 45 or angle_deg > 270 or angle_deg == 181 else left)
    opened.close()
    assert max(heights) - min(heights) < 0.5  # points: from there on Poppler breaks the word
    for one in sloping.pages[0].words:
        box = find_boxes(made, one.text, dpi=100)[0]
        middle_of = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        expected = (one.box.left + one.box.right) / 2, (one.box.top + one.box.bottom) / 2
        assert middle_of == pytest.approx(expected, abs=2 * TOLERANCE_PX)


def test_a_curved_baseline_is_followed_word_by_word(tmp_path: Path) -> None:
    flat = line("one two three", 100)
    middle = Point(flat.box.left + flat.box.width / 2, 130)
    bent = replace(flat, baseline=(flat.baseline[0], middle, flat.baseline[1]))
    curved = document(page(replace(zone("x"), lines=(bent,))))

    made = render(tmp_path, curved, picture_of(curved, tmp_path))

    tops = [find_boxes(made, text, dpi=100)[0].top for text in ("one", "two", "three")]
    assert tops[1] > tops[0] + 3
    assert tops[1] > tops[2] + 3


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("مرحبا بالعالم كتاب", Direction.RIGHT_TO_LEFT),
        ("كِتَابٌ جَمِيلٌ", Direction.RIGHT_TO_LEFT),
        ("שלום עולם ב-2024", Direction.RIGHT_TO_LEFT),
        ("हिन्दी में क्षेत्र", Direction.LEFT_TO_RIGHT),
        ("中文漢字𠀀𠀁", Direction.LEFT_TO_RIGHT),
        ("naïve fiancé Łódź €9", Direction.LEFT_TO_RIGHT),
        ("& a 3 < 4", Direction.LEFT_TO_RIGHT),
    ],
)
def test_every_script_comes_back_out(tmp_path: Path, text: str, direction: Direction) -> None:
    one = replace(zone("x"), lines=(line(text, 100, direction=direction),))

    made = render(tmp_path, document(page(one)), picture_of(document(page(one)), tmp_path))

    assert pdf_text(made) == text


def test_a_line_written_downwards_comes_back_out(tmp_path: Path) -> None:
    down = replace(
        line("縦書き", 100, direction=Direction.TOP_TO_BOTTOM),
        words=(replace(word("縦書き", 50, 50), quad=Box(50, 50, 70, 110).quad()),),
    )
    one = document(page(Zone(ZoneKind.TEXT, Box(50, 50, 70, 110).quad(), (down,))))

    made = render(tmp_path, one, picture_of(one, tmp_path))

    assert pdf_text(made).replace(" ", "") == "縦書き"


def test_a_jpeg_goes_in_undecoded_and_the_pdf_is_hardly_larger(tmp_path: Path) -> None:
    scan = tmp_path / "scan.jpg"
    noise(1200, 1600).save(scan, quality=85, dpi=(150, 150))
    rows = [
        zone(" ".join(f"word{row}x{i}" for i in range(9)), top=30 + 40 * row) for row in range(38)
    ]
    dense = document(page(*rows, width_px=1200, height_px=1600))

    made = render(tmp_path, dense, scan)

    data = scan.read_bytes()
    with pikepdf.open(made) as pdf:
        assert picture_bytes(pdf) == data
    assert made.stat().st_size <= len(data) * 1.03 + 20_000


@pytest.mark.parametrize("mode", ["L", "RGB", "YCbCr"])
@pytest.mark.parametrize("rows", [None, 16, 48, 64])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_jpeg_in_a_tiff_goes_in_undecoded(
    tmp_path: Path, orientation: int, rows: int | None, mode: str
) -> None:
    scan = tmp_path / "scan.tif"
    tags = {274: orientation} | ({278: rows} if rows else {})
    noise(200, 150, mode=mode).save(scan, compression="jpeg", tiffinfo=tags, dpi=(72, 72))
    with Image.open(scan) as stored:
        assert isinstance(stored, TiffImageFile)
        assert not rows or len(stored.tag_v2[273]) == -(-150 // rows)
        upright = stored.convert("RGB")
    shown = page(zone("Up"), width_px=upright.width, height_px=upright.height)

    made = render(tmp_path, document(replace(shown, dpi=72.0)), scan)

    with pikepdf.open(made) as pdf:
        assert filter_of(pdf) == pikepdf.Name.DCTDecode
        assert pdf.pages[0].rotation == (90 if orientation == 6 else 0)
    assert made.stat().st_size < scan.stat().st_size + 5_000
    difference = np.abs(pdf_pixels(made).astype(int) - np.asarray(upright).astype(int))
    assert difference.mean() < 1  # of 255: two decoders round differently


@pytest.mark.parametrize("part", ["frame", "coded pixels"])
def test_strips_of_a_tiff_that_do_not_fit_together_go_in_as_pixels(
    tmp_path: Path, part: str
) -> None:
    scan = tmp_path / "scan.tif"
    noise(64, 48).save(scan, compression="jpeg", tiffinfo={278: 16}, dpi=(72, 72))
    data = bytearray(scan.read_bytes())
    with Image.open(scan) as stored:
        assert isinstance(stored, TiffImageFile)
        second = stored.tag_v2[273][1]
    if part == "frame":
        data[data.index(b"\xff\xc0", second) + 1] = 0xC1  # extended instead of baseline
    else:
        place = data.index(b"\xff\xda", second) + 40
        data[place : place + 2] = b"\xff\xd0"  # a restart that no header tells of
    scan.write_bytes(data)

    made = render(tmp_path, document(page(zone("x"), width_px=64, height_px=48)), scan)

    with pikepdf.open(made) as pdf:
        assert filter_of(pdf) == pikepdf.Name.FlateDecode


@pytest.mark.parametrize("dpi", [1.5, 5, 9_000, 20_000])
def test_a_resolution_that_no_device_has_makes_no_page_of_its_size(
    dpi: float, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.png"
    noise(600, 300).save(scan)
    shown = replace(page(zone("x"), width_px=600, height_px=300), dpi=dpi)

    made = render(tmp_path, document(shown), scan)

    opened = pypdfium2.PdfDocument(made)
    assert opened[0].get_size() == pytest.approx((288, 144), abs=0.5)  # as of 150 dpi
    opened.close()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_exif_turn_becomes_the_rotation_of_the_page(tmp_path: Path, orientation: int) -> None:
    scan = tmp_path / "scan.jpg"
    picture = noise(120, 80)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(scan, exif=exif.tobytes(), quality=95, dpi=(72, 72))
    with Image.open(scan) as stored:
        upright = ImageOps.exif_transpose(stored)
    shown = page(zone("Up"), width_px=upright.width, height_px=upright.height)

    made = render(tmp_path, document(replace(shown, dpi=72.0)), scan)

    with pikepdf.open(made) as pdf:
        assert pdf.pages[0].rotation == [0, 0, 180, 180, 270, 90, 90, 270][orientation - 1]
        assert picture_bytes(pdf) == scan.read_bytes()
    difference = np.abs(pdf_pixels(made).astype(int) - np.asarray(upright).astype(int))
    assert difference.mean() < 1  # of 255: two decoders round differently


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16", "I;16B", "F", "RGBA", "LA", "CMYK"])
def test_a_picture_without_loss_loses_nothing(tmp_path: Path, mode: str) -> None:
    scan = tmp_path / "scan.tif"
    levels = np.arange(120 * 80, dtype=np.uint16).reshape(80, 120) * 6
    kind = {"I;16": "<u2", "I;16B": ">u2", "F": "<f4"}.get(mode)
    picture = Image.fromarray(levels.astype(kind)) if kind else noise(120, 80).convert(mode)
    assert picture.mode == mode
    picture.save(scan)
    shown = replace(page(zone("x"), width_px=120, height_px=80), dpi=72.0)

    made = render(tmp_path, document(shown), scan)

    expected = np.asarray(noise(120, 80).convert(mode).convert("RGB")).astype(int)
    if kind:
        grey = levels * (255 / levels.max()) if mode == "F" else levels // 257
        expected = np.repeat(grey[..., None], 3, axis=2).astype(int)
    assert np.abs(pdf_pixels(made).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("dpi", "turn", "size_pt"),
    [((144, 72), 1, (60, 80)), ((72, 144), 1, (120, 40)), ((144, 72), 6, (80, 60))],
)
def test_a_page_of_pixels_that_are_not_square_keeps_its_shape(
    tmp_path: Path, dpi: tuple[int, int], turn: int, size_pt: tuple[int, int]
) -> None:
    scan = tmp_path / "scan.jpg"
    exif = Image.Exif()
    exif[0x0112] = turn
    noise(120, 80).save(scan, dpi=dpi, exif=exif)
    width_px, height_px = (80, 120) if turn == 6 else (120, 80)
    shown = replace(page(zone("x"), width_px=width_px, height_px=height_px), dpi=float(dpi[0]))

    made = render(tmp_path, document(shown), scan)

    opened = pypdfium2.PdfDocument(made)
    assert opened[0].get_size() == pytest.approx(size_pt, abs=0.5)
    opened.close()


def test_a_turned_fax_keeps_its_shape(tmp_path: Path) -> None:
    scan = tmp_path / "scan.tif"
    noise(120, 80, mode="1").save(scan, compression="group4", dpi=(72, 144), tiffinfo={274: 6})
    shown = replace(page(zone("x"), width_px=80, height_px=120), dpi=72.0)

    made = render(tmp_path, document(shown), scan)

    opened = pypdfium2.PdfDocument(made)
    width_pt, height_pt = opened[0].get_size()
    opened.close()
    assert width_pt / height_pt == pytest.approx(40 / 120, abs=0.01)  # stored 120 × 40 pt


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save(scan)
    shown = replace(page(zone("x"), width_px=60, height_px=40), dpi=72.0)

    assert pdf_pixels(render(tmp_path, document(shown), scan)).min() == 255


@pytest.mark.parametrize(
    "broken",
    [
        "page.CropBox = 5",
        "page.Resources.XObject = 5",
        "page.Resources.XObject = Dictionary(X=5)",
        "page.Contents = pdf.make_stream(b'/X Tr')",
    ],
)
def test_a_pdf_whose_objects_are_not_what_they_should_be_is_told_so(
    tmp_path: Path, broken: str
) -> None:
    scan = typed_pdf(tmp_path / "scan.pdf", "old")
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        exec(broken, {"page": pdf.pages[0].obj, "pdf": pdf, "Dictionary": pikepdf.Dictionary})  # noqa: S102
        pdf.save(scan)

    with pytest.raises(DamagedPicture):
        render(tmp_path, recognised([("New", 30, 45)]), scan)


def test_a_turn_that_is_no_quarter_is_taken_as_readers_take_it(tmp_path: Path) -> None:
    scan = typed_pdf(tmp_path / "scan.pdf", "old", invisible=True)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Rotate = 45
        pdf.save(scan)

    assert pdf_text(render(tmp_path, recognised([("New", 30, 45)]), scan)) == "New"


def test_half_a_letter_is_written_as_one_that_is_not_known(tmp_path: Path) -> None:
    halved = document(page(zone("a\ud800b"), width_px=298, height_px=420))
    made = render(tmp_path, halved, picture_of(halved, tmp_path))

    assert pdf_text(made) == "a?b"


def test_several_files_make_one_document(tmp_path: Path) -> None:
    frames = [noise(600, 400, seed=seed) for seed in (1, 2)]
    frames[0].save(tmp_path / "two.tif", save_all=True, append_images=frames[1:])
    typed = typed_pdf(tmp_path / "typed.pdf", "Typed")
    layered = replace(
        page(zone("Typed"), number=3, width_px=298, height_px=420),
        source=TextSource.TEXT_LAYER,
    )
    several = document(page(zone("First")), page(zone("Second"), number=2), layered)

    made = render(tmp_path, several, tmp_path / "two.tif", typed)

    assert [pdf_text(made, index) for index in range(3)] == ["First", "Second", "Typed"]


@pytest.mark.parametrize("limit", [None, "_PART_BYTES", "_PART_FILES"])
def test_pages_leave_in_the_order_of_the_document_wherever_they_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None
) -> None:
    if limit:
        monkeypatch.setattr(writer, limit, 1)
    noise(600, 400).save(tmp_path / "scan.png")
    typed = typed_pdf(tmp_path / "typed.pdf", "One", "Two")
    size = {"width_px": 298, "height_px": 420}
    own, scanned = (page(number=3, **size), page(number=2, **size)), page(zone("Scanned"))

    from_one = render(tmp_path, document(page(number=2, **size), page(**size)), typed)
    assert [pdf_text(from_one, index) for index in range(2)] == ["Two", "One"]

    from_two = render(tmp_path, document(own[0], scanned, own[1]), tmp_path / "scan.png", typed)
    assert [pdf_text(from_two, index) for index in range(3)] == ["Two", "Scanned", "One"]


def test_of_a_long_document_few_pages_are_in_memory_at_a_time(tmp_path: Path) -> None:
    read = one_page().pages[0]
    scan, held = picture_of(one_page(), tmp_path), list[int]()

    class FromFile(StoredPage):
        def load(self) -> Page:
            loaded = [one for one in gc.get_objects() if isinstance(one, Page) and one.zones]
            held.append(len(loaded))
            return replace(read, number=self.outline.number)

    outlines = [replace(read, zones=(), number=number) for number in range(1, 9)]
    stored = StoredPages([FromFile(tmp_path, outline, 0.9, 3) for outline in outlines])
    made = render(tmp_path, Document(stored, one_page().engine), *([scan] * 8))

    assert max(held) - min(held) <= 1
    assert pdf_text(made, 7) == pdf_text(made, 0) != ""


def test_pages_that_were_not_read_are_left_out(tmp_path: Path) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "One", "Two", "Three")
    blank = page(number=2, width_px=298, height_px=420)

    made = render(tmp_path, document(blank), typed)

    with pikepdf.open(made) as pdf:
        assert len(pdf.pages) == 1
    assert pdf_text(made) == "Two"


def test_a_pdf_keeps_all_that_it_had(tmp_path: Path) -> None:
    scan = picture_pdf(tmp_path / "scan.pdf", noise(298, 420))
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Chapter", 0))
        pdf.docinfo["/Title"] = "Kept"
        pdf.save(scan)
        picture = picture_bytes(pdf)
    shown = document(replace(page(zone("Read"), width_px=298, height_px=420), dpi=72.0))
    before = pdf_pixels(scan)

    made = render(tmp_path, shown, scan)

    with pikepdf.open(made) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Kept"
        assert pdf.open_outline().root[0].title == "Chapter"
        assert picture_bytes(pdf) == picture
    assert pdf_text(made) == "Read"
    assert (pdf_pixels(made) == before).all()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_cropped_and_turned_pdf_page_gets_its_words_in_place(
    tmp_path: Path, rotation: int
) -> None:
    scan = picture_pdf(tmp_path / "scan.pdf", noise(298, 420))
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.CropBox = [20, 30, 220, 330]
        pdf.pages[0].obj.Rotate = rotation
        # What the page leaves behind: a graphics state that would shrink what follows.
        pdf.pages[0].contents_add(b"q .5 0 0 .5 0 0 cm\n")
        pdf.save(scan)
    width, height = (200, 300) if rotation in {0, 180} else (300, 200)
    shown = page(zone("Found here"), width_px=width * 2, height_px=height * 2)

    made = render(tmp_path, document(shown), scan)

    opened = pypdfium2.PdfDocument(made)
    first = opened[0]
    letters = first.get_textpage()
    way = page_way(opened, width * 2, height * 2)
    corners: list[Point] = []
    for position in range(5):
        left, bottom, right, top = letters.get_charbox(position)
        corners += [way.apply(Point(left, bottom)), way.apply(Point(right, top))]
    opened.close()
    box, expected = hull(corners), shown.words[0].box
    assert abs(box.left - expected.left) <= TOLERANCE_PX
    assert abs(box.right - expected.right) <= TOLERANCE_PX
    assert abs(box.top - expected.top) <= TOLERANCE_PX


def page_way(opened: pypdfium2.PdfDocument, width_px: int, height_px: int) -> Transform:
    """PDFium's own way from a page's coordinates to pixels, from where it puts three points."""

    def place(x: float, y: float) -> Point:
        across, down = ctypes.c_int(), ctypes.c_int()
        fine = 1000  # PDFium answers in whole pixels
        raw.FPDF_PageToDevice(
            opened[0], 0, 0, width_px * fine, height_px * fine, 0, x, y, across, down
        )
        return Point(across.value / fine, down.value / fine)

    zero, right, up = place(0, 0), place(100, 0), place(0, 100)
    return Transform(
        (
            (right.x - zero.x) / 100, (up.x - zero.x) / 100, zero.x,
            (right.y - zero.y) / 100, (up.y - zero.y) / 100, zero.y,
            0, 0, 1,
        )
    )  # fmt: skip


def test_a_page_whose_own_text_was_used_is_left_as_it_is(tmp_path: Path) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "Typed text")
    layered = replace(
        page(zone("Typed text"), width_px=298, height_px=420),
        source=TextSource.TEXT_LAYER,
    )

    made = render(tmp_path, document(layered), typed)

    with pikepdf.open(typed) as before, pikepdf.open(made) as after:
        assert after.pages[0].Contents.read_bytes() == before.pages[0].Contents.read_bytes()
    assert pdf_text(made) == "Typed text"


@pytest.mark.parametrize("said", [["0ld", "guess"], ["Old", "guess"], ["guess"]])
def test_a_layer_whose_words_were_changed_or_removed_says_so(
    said: list[str], tmp_path: Path
) -> None:
    scan = typed_pdf(tmp_path / "scan.pdf", "0ld guess", invisible=True)
    read = recognised([(text, 30 + 40 * at, 45) for at, text in enumerate(said)])
    used = replace(read.pages[0], source=TextSource.TEXT_LAYER)

    made = render(tmp_path, document(used), scan)

    assert pdf_text(made) == " ".join(said)


def recognised(texts: Sequence[tuple[str, float, float]]) -> Document:
    """A page of A6 at 72 dpi with words at given places."""
    lines = tuple(
        replace(line("x", top), words=(word(text, left, top),)) for text, left, top in texts
    )
    box = Box(0, 0, *A6_PX).quad()
    shown = page(Zone(ZoneKind.TEXT, box, lines), width_px=A6_PX[0], height_px=A6_PX[1])
    return document(replace(shown, dpi=72.0))


def test_an_earlier_invisible_layer_is_replaced_not_doubled(tmp_path: Path) -> None:
    scan = typed_pdf(tmp_path / "scan.pdf", "0ld guess", invisible=True)

    made = render(tmp_path, recognised([("Old", 30, 45), ("guess", 70, 45)]), scan)

    assert pdf_text(made) == "Old guess"
    again = tmp_path / "again.pdf"
    made.rename(again)
    assert pdf_text(render(tmp_path, recognised([("New", 30, 45)]), again)) == "New"


def test_an_invisible_layer_inside_a_form_is_replaced_too(tmp_path: Path) -> None:
    scan = typed_pdf(tmp_path / "scan.pdf", "0ld guess", invisible=True)
    put_into_form(scan, "/Form Do")
    assert pdf_text(scan) == "0ld guess"

    assert pdf_text(render(tmp_path, recognised([("New", 30, 45)]), scan)) == "New"


def test_visible_text_is_not_doubled_on_a_mixed_page(tmp_path: Path) -> None:
    mixed = picture_pdf(tmp_path / "mixed.pdf", noise(298, 420), text="Typed")

    made = render(tmp_path, recognised([("Typed", 32, 44), ("scanned", 30, 200)]), mixed)

    assert pdf_text(made) == "Typed scanned"


def test_what_was_joined_to_the_text_of_a_page_is_added_even_under_a_label(tmp_path: Path) -> None:
    stamped = picture_pdf(tmp_path / "stamped.pdf", noise(298, 420), text="Label")
    (shown,) = recognised([("scanned", 32, 44)]).pages
    zones = tuple(replace(zone, source=TextSource.RECOGNISED) for zone in shown.zones)

    made = render(tmp_path, document(replace(shown, zones=zones, source=TextSource.BOTH)), stamped)

    assert sorted(pdf_text(made).split()) == ["Label", "scanned"]


def test_text_called_otherwise_than_it_looks_does_not_hide_what_was_recognised(
    tmp_path: Path,
) -> None:
    prose = "The quick brown fox jumps over the lazy dog"
    odd = shifted(drawn(tmp_path / "odd.pdf", lines_of(prose)), 1)

    made = render(tmp_path, recognised([("quick", 45, 48)]), odd)

    assert "quick" in pdf_text(made)


def test_text_in_a_form_is_looked_for_where_it_is_drawn(tmp_path: Path) -> None:
    stamped = typed_pdf(tmp_path / "stamped.pdf", "Stamp")
    put_into_form(stamped, "q 1 0 0 1 0 -200 cm /Form Do Q")

    made = render(tmp_path, recognised([("Stamp", 32, 244), ("above", 32, 44)]), stamped)

    assert sorted(pdf_text(made).split()) == ["Stamp", "above"]


def test_a_protected_pdf_stays_protected(tmp_path: Path) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "Secret")
    with pikepdf.open(typed, allow_overwriting_input=True) as pdf:
        pdf.save(typed, encryption=pikepdf.Encryption(owner="owner", user="user"))
    shown = recognised([("more", 30, 200)])

    made = render(tmp_path, shown, typed, rendering=Rendering(password="user"))  # noqa: S106

    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(made)
    opened = pypdfium2.PdfDocument(made, password="user")  # noqa: S106
    assert opened[0].get_textpage().get_text_range().split() == ["Secret", "more"]
    opened.close()


@pytest.mark.parametrize("number", [1, 2])  # it is counted as one page, whatever it has
def test_a_protected_pdf_asks_for_its_password(number: int, tmp_path: Path) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "Secret")
    with pikepdf.open(typed, allow_overwriting_input=True) as pdf:
        pdf.save(typed, encryption=pikepdf.Encryption(owner="owner", user="user"))
    shown = document(replace(recognised([("more", 30, 200)]).pages[0], number=number))

    with pytest.raises(EncryptedDocument, match="Send its password"):
        list(render_pdf(shown, (typed,), Rendering()))


def test_without_its_files_there_is_no_pdf(tmp_path: Path) -> None:
    scan = picture_of(one_page(), tmp_path)

    with pytest.raises(FormatUnavailable, match="Send the file along"):
        list(render_pdf(one_page(), (), Rendering()))
    with pytest.raises(FormatUnavailable, match="the files have 1 pages"):
        list(render_pdf(two_pages(), (scan,), Rendering()))
    smaller = document(replace(one_page().pages[0], width_px=500))
    with pytest.raises(FormatUnavailable, match="500 × 400 pixels, but"):
        list(render_pdf(smaller, (scan,), Rendering()))


def test_a_damaged_pdf_is_told_as_such(tmp_path: Path) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "Broken")
    typed.write_bytes(typed.read_bytes()[:100])

    with pytest.raises(DamagedPicture):
        list(render_pdf(one_page(), (typed,), Rendering()))


def test_the_same_document_gives_the_same_bytes(tmp_path: Path) -> None:
    scan = picture_of(one_page(), tmp_path)

    first, second = (b"".join(render_pdf(one_page(), (scan,), Rendering())) for _ in range(2))

    assert first == second


def test_the_pdf_names_what_made_it(tmp_path: Path) -> None:
    made = render(tmp_path, one_page(), picture_of(one_page(), tmp_path))

    with pikepdf.open(made) as pdf, pdf.open_metadata() as metadata:
        assert metadata["xmp:CreatorTool"] == "tesseract 5.3.0"
        assert str(metadata["pdf:Producer"]).startswith("ocr_server ")


def test_forms_that_share_their_resources_are_looked_at_once_each(tmp_path: Path) -> None:
    path = typed_pdf(tmp_path / "forms.pdf", "0ld guess", invisible=True)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        shared = pdf.make_indirect(pikepdf.Dictionary(XObject=pikepdf.Dictionary()))
        for number in range(20):  # looked at again and again, some million times
            form = pdf.make_stream(b"")
            form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
            form.BBox, form.Resources = pikepdf.Array([0, 0, 1, 1]), shared
            shared.XObject[f"/F{number}"] = form
        pdf.pages[0].Resources.XObject = shared.XObject
        pdf.save(path)

    assert pdf_text(render(tmp_path, recognised([("New", 30, 45)]), path)) == "New"


@pytest.mark.parametrize("revision", [4, 6])
def test_a_password_may_have_letters_beyond_ascii(tmp_path: Path, revision: int) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "Secret")
    encryption = pikepdf.Encryption(owner="café", user="café", R=revision)  # type: ignore[arg-type]
    with pikepdf.open(typed, allow_overwriting_input=True) as pdf:
        pdf.save(typed, encryption=encryption)
    rendering = Rendering(password="café")  # noqa: S106  # of the test's own file

    made = tmp_path / "made.pdf"
    made.write_bytes(b"".join(render_pdf(recognised([("more", 30, 200)]), (typed,), rendering)))

    with opened_by_qpdf(made, "café") as pdf:
        assert pdf.is_encrypted


@pytest.mark.parametrize("most_bytes", [0, 1000])
def test_a_full_disk_is_told(tmp_path: Path, most_bytes: int) -> None:
    scanned = one_page()
    source = render(tmp_path, scanned, picture_of(scanned, tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            list(render_pdf(scanned, (source,), Rendering()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
