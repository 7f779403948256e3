from __future__ import annotations

import sys

import numpy as np
import pytest
import zxingcpp

from ocr_server.document.model import CodeCheck, CodeKind
from ocr_server.errors import CodesUnavailable
from ocr_server.imaging.canvas import Canvas
from ocr_server.page.codes import check_codes_are_read, read_codes

FORMATS = zxingcpp.BarcodeFormat


def drawn(*codes: tuple[zxingcpp.BarcodeFormat, str], scale: int = 4) -> Canvas:
    """Codes below each other, 40 pixels from the left and with 40 above each."""
    rows = []
    for format_, value in codes:
        made = zxingcpp.create_barcode(value, format_)
        symbol = np.array(zxingcpp.write_barcode_to_image(made, scale=scale))
        rows.append(np.pad(symbol, ((40, 40), (40, 700 - symbol.shape[1])), constant_values=255))
    return Canvas(np.vstack(rows))


@pytest.mark.parametrize(
    ("format_", "value", "kind", "read"),
    [
        (FORMATS.QRCode, "https://example.org/?lot=1", CodeKind.QR, None),
        (FORMATS.DataMatrix, "LOT 4711", CodeKind.DATA_MATRIX, None),
        (FORMATS.Aztec, "LOT 4711", CodeKind.AZTEC, None),
        (FORMATS.PDF417, "LOT 4711", CodeKind.PDF417, None),
        (FORMATS.Code128, "QX-7741", CodeKind.CODE_128, None),
        (FORMATS.Code39, "QX-7741", CodeKind.CODE_39, None),
        (FORMATS.EAN13, "4006381333931", CodeKind.EAN_13, None),
        (FORMATS.EAN8, "40170725", CodeKind.EAN_8, None),
        (FORMATS.UPCA, "036000291452", CodeKind.UPC_A, None),
        (FORMATS.UPCE, "01234565", CodeKind.UPC_E, "012345000065"),
    ],
)
def test_codes_of_every_kind_are_read(
    format_: zxingcpp.BarcodeFormat, value: str, kind: CodeKind, read: str | None
) -> None:
    (code,) = read_codes(drawn((format_, value)))

    assert (code.kind, code.value) == (kind, read or value)


def test_a_code_is_told_where_it_stands() -> None:
    canvas = drawn((FORMATS.QRCode, "A"), (FORMATS.QRCode, "B"))

    first, second = read_codes(canvas)

    assert (first.value, second.value) == ("A", "B")
    box = first.quad.box
    side = 21 * 4  # modules
    assert box.width == pytest.approx(side, abs=4)
    columns = np.flatnonzero((canvas.pixels[: canvas.height_px // 2] < 128).any(0))
    assert (box.left, box.right) == pytest.approx((columns[0], columns[-1] + 1), abs=4)


@pytest.mark.parametrize("format_", [FORMATS.QRCode, FORMATS.Code128])
def test_a_code_that_stands_there_twice_is_told_twice(format_: zxingcpp.BarcodeFormat) -> None:
    canvas = drawn((format_, "A"))
    apart = np.full_like(canvas.pixels, 255)
    twice = Canvas(np.vstack([canvas.pixels, apart, canvas.pixels]))

    first, second = read_codes(twice)

    assert (first.value, second.value) == ("A", "A")
    assert second.quad.box.top - first.quad.box.top == pytest.approx(2 * canvas.height_px, abs=2)


def test_a_turned_code_begins_at_its_own_top_left() -> None:
    canvas = drawn((FORMATS.QRCode, "A"))
    turned = Canvas(np.rot90(canvas.pixels, -1).copy())

    (code,) = read_codes(turned)

    assert code.quad.angle_deg == pytest.approx(90, abs=2)


def test_codes_stand_in_the_page_whatever_the_canvas_is() -> None:
    canvas = drawn((FORMATS.QRCode, "A"))
    (plain,) = read_codes(canvas)

    (scaled,) = read_codes(canvas.scaled(2))

    for one, other in zip(plain.quad, scaled.quad, strict=True):
        assert one == pytest.approx(other, abs=3)


def test_code_39_has_nothing_that_says_that_it_is_right() -> None:
    qr, code_39 = read_codes(drawn((FORMATS.QRCode, "A"), (FORMATS.Code39, "ABC")))

    assert (qr.check, code_39.check) == (CodeCheck.ERROR_CORRECTION, CodeCheck.NONE)


def test_a_page_without_codes_has_none() -> None:
    assert read_codes(Canvas(np.full((200, 300), 255, np.uint8))) == ()


def test_without_the_package_codes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_codes_are_read()
    monkeypatch.setitem(sys.modules, "zxingcpp", None)

    with pytest.raises(CodesUnavailable, match="packages codes"):
        check_codes_are_read()


@pytest.mark.parametrize("angle_deg", [-11, 7])
def test_codes_on_a_slant_are_read(angle_deg: float) -> None:
    codes = ((FORMATS.PDF417, "WUBQQSH9KWK9I"), (FORMATS.EAN13, "4006381333931"))
    level = drawn(*codes, scale=3)
    slanted = level.rotated(angle_deg, fill=140)
    noise = np.random.default_rng(1).normal(0, 8, slanted.pixels.shape)
    worn = np.clip(slanted.pixels + noise, 0, 255).astype(np.uint8)

    read = read_codes(Canvas(worn))

    assert {code.value for code in read} == {value for _, value in codes}


def test_a_strip_of_a_pixel_has_no_codes() -> None:
    assert read_codes(Canvas(np.full((4000, 1), 255, np.uint8))) == ()
