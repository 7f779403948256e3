from __future__ import annotations

import os
import resource
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from ocr_server.errors import (
    DamagedPicture,
    EncryptedDocument,
    PageMissing,
    TooManyPages,
)
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Limits
from ocr_server.pdf.opening import fitting_dpi, opened_pdf
from ocr_server.pdf.render import draw_page
from ocr_server.sources.decode import count_pages, decode_page
from tests.drawing import as_file, as_pages, draw_lines
from tests.export.pictures import noise, picture_pdf, typed_pdf

LIMITS = Limits(max_pixels=4_000_000, max_pages=5, pdf_dpi=150)
A4_PT = (595.0, 842.0)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    return tmp_path / "0"


def blank_pdf(*sizes_pt: tuple[float, float]) -> pikepdf.Pdf:
    pdf = pikepdf.new()
    for size in sizes_pt:
        pdf.add_blank_page(page_size=size)
    return pdf


def saved(pdf: pikepdf.Pdf, password: str | None = None) -> bytes:
    file = BytesIO()
    lock = pikepdf.Encryption(owner="owner", user=password) if password else False
    pdf.save(file, encryption=lock)
    return file.getvalue()


def render(
    upload: Path, data: bytes, index: int = 0, limits: Limits = LIMITS, password: str | None = None
) -> Canvas:
    upload.write_bytes(data)
    return decode_page(upload, index, limits=limits, password=password)


def count(upload: Path, data: bytes, password: str | None = None) -> int:
    upload.write_bytes(data)
    return count_pages(upload, limits=LIMITS, password=password)


def test_a_page_is_drawn_in_grey_at_the_wanted_dpi(upload: Path) -> None:
    canvas = render(upload, saved(blank_pdf((144, 72))))

    assert (canvas.width_px, canvas.height_px) == (300, 150)
    assert canvas.dpi == 150
    assert not canvas.is_colour
    assert (canvas.pixels == 255).all()


def test_a_scan_in_a_pdf_is_what_was_scanned(upload: Path) -> None:
    scan = draw_lines("scanned")

    canvas = render(upload, as_file(scan, "PDF", resolution=150))

    # PDFium rounds a size up, and 72nds of an inch are not exact in pixels.
    assert canvas.width_px - scan.width in {0, 1}
    assert canvas.height_px - scan.height in {0, 1}
    assert canvas.pixels.min() < 40


def test_a_pdf_that_the_system_does_not_open_is_not_called_damaged(upload: Path) -> None:
    upload.write_bytes(saved(blank_pdf((100, 100))))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_file = os.dup(0)
    os.close(next_file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_file, before[1]))
    try:
        with pytest.raises(OSError, match="cannot be opened"), opened_pdf(upload, None):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_each_page_has_a_size_of_its_own(upload: Path) -> None:
    data = saved(blank_pdf((72, 72), (144, 72), (72, 144)))

    sizes = [render(upload, data, index).pixels.shape for index in range(count(upload, data))]

    assert sizes == [(150, 150), (150, 300), (300, 150)]


@pytest.mark.parametrize(
    ("unit", "size_px"), [(b"10", (1500, 750)), (b"0", (150, 75)), (b"/Large", (150, 75))]
)
def test_a_page_in_larger_units_is_drawn_larger(
    unit: bytes, size_px: tuple[int, int], upload: Path
) -> None:
    pdf = blank_pdf((72, 36))
    pdf.pages[0].UserUnit = pikepdf.Object.parse(unit)

    canvas = render(upload, saved(pdf))

    assert (canvas.width_px, canvas.height_px) == size_px
    assert canvas.dpi == 150


def test_a_page_whose_crop_box_lies_beside_it_takes_no_other_with_it(upload: Path) -> None:
    pdf = blank_pdf((72, 36), (72, 36))
    pdf.pages[0].cropbox = pikepdf.Array([400, 400, 500, 500])
    data = saved(pdf)

    assert count(upload, data) == 2
    with pytest.raises(DamagedPicture, match="no size"):
        render(upload, data)
    assert render(upload, data, 1).width_px == 150


def test_a_turned_page_is_drawn_upright(upload: Path) -> None:
    pdf = blank_pdf((144, 72))
    pdf.pages[0].rotate(90, relative=False)

    canvas = render(upload, saved(pdf))

    assert (canvas.width_px, canvas.height_px) == (150, 300)


def test_a_field_somebody_filled_in_is_drawn(upload: Path) -> None:
    pdf = blank_pdf((144, 72))
    look = pdf.make_stream(b"0 0 100 40 re f", Type=pikepdf.Name.XObject)
    look.Subtype, look.BBox = pikepdf.Name.Form, pikepdf.Array([0, 0, 100, 40])
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="name",
            Rect=[20, 16, 120, 56], F=4, AP=pikepdf.Dictionary(N=look),
        )
    )  # fmt: skip
    pdf.pages[0].Annots = pikepdf.Array([field])
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))

    canvas = render(upload, saved(pdf))

    assert canvas.pixels[75, 150] < 128


def test_a_page_can_be_drawn_without_its_text(tmp_path: Path) -> None:
    path = picture_pdf(tmp_path / "0", noise(298, 420), text="Words")
    whole, without = (
        draw_page(path, 0, limits=LIMITS, password=None, has_text=has_text).canvas.pixels
        for has_text in (True, False)
    )
    typed = typed_pdf(tmp_path / "1", "Words")

    assert (whole != without).any()
    assert without.min() < 128
    assert (
        draw_page(typed, 0, limits=LIMITS, password=None, has_text=False).canvas.pixels == 255
    ).all()


def test_a_poster_is_drawn_at_fewer_dpi_instead_of_being_refused(upload: Path) -> None:
    canvas = render(upload, saved(blank_pdf((7200, 3600))))

    assert canvas.dpi == pytest.approx(28.2)  # 100 × 50 inches, four megapixels
    assert canvas.width_px * canvas.height_px <= LIMITS.max_pixels * 1.01


@pytest.mark.parametrize(
    ("size_pt", "dpi"), [((72, 72), 150), (A4_PT, 150), ((14_400, 14_400), 10), ((0, 0), 150)]
)
def test_the_dpi_is_lowered_no_further_than_needed(
    size_pt: tuple[float, float], dpi: float
) -> None:
    assert fitting_dpi(size_pt, LIMITS) == dpi


def test_a_pdf_has_no_more_pages_than_it_has(upload: Path) -> None:
    with pytest.raises(PageMissing, match="no page 2"):
        render(upload, saved(blank_pdf(A4_PT)), 1)


def test_a_long_pdf_is_refused_with_both_numbers(upload: Path) -> None:
    with pytest.raises(TooManyPages, match=r"6 pages .* limit is 5.*OCR_MAX_PAGES") as caught:
        count(upload, saved(blank_pdf(*[A4_PT] * 6)))

    assert caught.value.extra == {"pages": 6, "limit": 5, "setting": "OCR_MAX_PAGES"}


def test_a_pdf_without_pages_is_damaged(upload: Path) -> None:
    with pytest.raises(DamagedPicture):
        render(upload, saved(blank_pdf()))


def test_a_pdf_without_pages_is_not_protected_because_the_one_before_was(upload: Path) -> None:
    with pytest.raises(EncryptedDocument):
        render(upload, saved(blank_pdf(A4_PT), password="open sesame"))  # noqa: S106
    with pytest.raises(DamagedPicture):
        render(upload, saved(blank_pdf()))


@pytest.mark.parametrize("body", [b"", b"\n1 0 obj\n<<", b"\0" * 500])
def test_a_header_alone_is_a_damaged_pdf(body: bytes, upload: Path) -> None:
    with pytest.raises(DamagedPicture, match="Save it again"):
        render(upload, b"%PDF-1.7" + body)


# Two pages are promised; the second is nowhere.
ONE_PAGE_LOST = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Count 2 /Kids [3 0 R 4 0 R] >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >> endobj
trailer << /Root 1 0 R >>
%%EOF
"""


def test_a_page_that_is_lost_takes_no_other_with_it(upload: Path) -> None:
    assert count(upload, ONE_PAGE_LOST) == 2
    assert render(upload, ONE_PAGE_LOST, 0).width_px == 150
    with pytest.raises(DamagedPicture, match=r"Page 2 .* cannot be drawn"):
        render(upload, ONE_PAGE_LOST, 1)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_the_first_half_of_a_pdf_is_damaged(share: float, upload: Path) -> None:
    data = as_pages([draw_lines("one"), draw_lines("two")], "PDF")

    with pytest.raises(DamagedPicture):
        render(upload, data[: int(len(data) * share)])


def test_an_encrypted_pdf_asks_for_its_password(upload: Path) -> None:
    data = saved(blank_pdf(A4_PT), password="open sesame")  # noqa: S106

    with pytest.raises(EncryptedDocument, match="in the field password"):
        render(upload, data)
    with pytest.raises(EncryptedDocument, match="does not open"):
        render(upload, data, password="open barley")  # noqa: S106


@pytest.mark.parametrize("password", ["open sesame", "owner"])
def test_either_password_opens_an_encrypted_pdf(password: str, upload: Path) -> None:
    data = saved(blank_pdf(A4_PT), password="open sesame")  # noqa: S106

    assert count(upload, data, password=password) == 1
    assert render(upload, data, password=password).dpi == 150


def test_a_pdf_that_anybody_may_open_needs_no_password(upload: Path) -> None:
    file = BytesIO()
    blank_pdf(A4_PT).save(file, encryption=pikepdf.Encryption(owner="owner", user=""))

    assert count(upload, file.getvalue()) == 1
