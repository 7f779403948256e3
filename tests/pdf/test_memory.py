"""Pages are drawn within the memory of a worker, and what cannot be drawn is told."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageOps

from ocr_server.document.model import INCOMPLETE, LACKS_MEMORY
from ocr_server.errors import DamagedPicture, OutOfMemory
from ocr_server.job import Limits
from ocr_server.pdf import opening
from ocr_server.pdf.opening import opened_page
from ocr_server.pdf.render import DrawnPage, draw_page
from tests.drawing import as_file
from tests.pdf.scans import CODECS, SIZE_PX, scan, scan_pdf

MIB = 1024 * 1024
LARGE = Limits(pdf_dpi=150)
# Of the 18 MB that a scan in colour takes, 8 are left beside the page and the engine.
SMALL = Limits(pdf_dpi=150, memory_bytes=48 * MIB + 8_500_000)
TINY = Limits(pdf_dpi=150, memory_bytes=48 * MIB + 600_000)


def drawn(path: Path, limits: Limits = LARGE) -> DrawnPage:
    return draw_page(path, 0, limits=limits, password=None)


def difference(one: DrawnPage, other: DrawnPage) -> float:
    """Grey levels by which two drawings differ in the mean."""
    return float(np.mean(np.abs(one.canvas.pixels.astype(int) - other.canvas.pixels)))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_that_needs_too_much_memory_is_drawn_from_a_smaller_one(
    codec: str, mode: str, tmp_path: Path
) -> None:
    path = scan_pdf(tmp_path / "0", codec, scan(mode))
    limits = SMALL if mode == "RGB" else Limits(pdf_dpi=150, memory_bytes=48 * MIB + 5_500_000)
    whole = drawn(path)

    smaller = drawn(path, limits)

    with opened_page(path, 0, limits=limits, password=None) as opened:
        assert opened.is_copy
        assert not opened.left_out
    assert smaller.canvas.dpi == whole.canvas.dpi
    assert not any(problem.code == LACKS_MEMORY for problem in smaller.problems)
    # Grey of colours is made in another order, and edges are smoothed; noise differs by 40.
    assert difference(smaller, whole) < 5


def test_what_is_kept_inverted_is_not_turned_into_its_negative(tmp_path: Path) -> None:
    inverted = pikepdf.Array([1, 0, 1, 0, 1, 0])
    path = scan_pdf(tmp_path / "0", "flate", scan(), more={"/Decode": inverted})

    assert difference(drawn(path, SMALL), drawn(path)) < 5


def test_a_picture_of_inks_is_drawn_smaller_too(tmp_path: Path) -> None:
    path = scan_pdf(tmp_path / "0", "flate", scan("CMYK"))

    # Pillow and PDFium do not mix inks alike.
    assert difference(drawn(path, SMALL), drawn(path)) < 20


def test_the_words_of_a_page_stay_where_they_are(tmp_path: Path) -> None:
    path = scan_pdf(
        tmp_path / "0", "dct", Image.new("RGB", SIZE_PX, "white"),
        content=b"BT /F 60 Tf 30 200 Td (Words) Tj ET",
    )  # fmt: skip

    assert difference(drawn(path, SMALL), drawn(path)) < 0.1
    assert drawn(path, SMALL).canvas.pixels.min() < 50


def test_only_the_page_itself_is_copied(tmp_path: Path) -> None:
    path = scan_pdf(tmp_path / "0", "flate", scan())
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for number in range(3):
            pdf.pages.append(pdf.pages[0])
            pdf.pages[number].rotate(90 * number, relative=False)
        pdf.save(path)

    turned = draw_page(path, 1, limits=SMALL, password=None)

    assert turned.canvas.width_px > turned.canvas.height_px
    with pikepdf.open(tmp_path / "0-page-1") as copy:
        assert len(copy.pages) == 1


def test_a_page_for_which_the_memory_is_too_short_is_refused(tmp_path: Path) -> None:
    path = scan_pdf(tmp_path / "0", "jpx", scan())

    with pytest.raises(OutOfMemory, match=r"1240 × 1748 pixels.* OCR_WORKER_MEMORY_BYTES"):
        drawn(path, TINY)


def test_beside_a_picture_that_is_left_out_the_rest_is_drawn(tmp_path: Path) -> None:
    path = scan_pdf(tmp_path / "0", "jpx", scan(), content=b"BT /F 60 Tf 30 200 Td (Words) Tj ET")

    page = drawn(path, TINY)

    assert [problem.code for problem in page.problems] == [LACKS_MEMORY]
    assert page.canvas.pixels.min() < 50


def test_a_page_of_less_resolution_than_print_needs_says_so(tmp_path: Path) -> None:
    path = scan_pdf(tmp_path / "0", "jpx", scan())
    limits = Limits(pdf_dpi=300, memory_bytes=48 * MIB + 2_170_000 + 3_000_000)

    (problem,) = drawn(path, limits).problems

    assert problem.code == "coarse"
    assert "dpi" in problem.message


def test_a_process_that_has_used_its_memory_up_draws_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PDFium would leave the picture out."""
    path = scan_pdf(tmp_path / "0", "dct", scan())
    monkeypatch.setattr(opening, "_needed_bytes", lambda _: 1 << 60)

    with pytest.raises(MemoryError):
        drawn(path, Limits(pdf_dpi=150, memory_bytes=1 << 61))


@pytest.mark.parametrize("codec", ["dct", "jpx"])
@pytest.mark.parametrize("data", [b"", bytes(5000), b"GIF89a" * 700])
def test_a_page_whose_picture_is_broken_is_refused(codec: str, data: bytes, tmp_path: Path) -> None:
    path = scan_pdf(tmp_path / "0", codec, scan(), data=data)

    with pytest.raises(DamagedPicture, match="cannot be drawn"):
        drawn(path)


def test_of_a_page_with_a_broken_picture_the_rest_is_drawn(tmp_path: Path) -> None:
    path = scan_pdf(
        tmp_path / "0", "jpx", scan(), data=b"no picture",
        content=b"BT /F 60 Tf 30 200 Td (Words) Tj ET",
    )  # fmt: skip

    page = drawn(path)

    assert [problem.code for problem in page.problems] == [INCOMPLETE]
    assert page.canvas.pixels.min() < 50


@pytest.mark.parametrize("codec", ["dct", "flate", "png"])
def test_a_picture_that_is_cut_off_is_told(codec: str, tmp_path: Path) -> None:
    whole = scan_pdf(tmp_path / "whole", codec, scan("L"))
    with pikepdf.open(whole) as pdf:
        data = pdf.pages[0].Resources.XObject.Scan.read_raw_bytes()

    half = scan_pdf(tmp_path / "half", codec, scan("L"), data=data[: len(data) // 2])

    assert drawn(whole).problems == ()
    assert [problem.code for problem in drawn(half).problems] == [INCOMPLETE]


def test_a_jpeg_with_padding_behind_it_is_whole(tmp_path: Path) -> None:
    data = as_file(scan("L"), "JPEG") + bytes(5000)

    assert drawn(scan_pdf(tmp_path / "0", "dct", scan("L"), data=data)).problems == ()


def test_what_is_packed_twice_is_whole(tmp_path: Path) -> None:
    picture = scan("L")
    data = base64.b16encode(zlib.compress(picture.tobytes())) + b">"
    filters = pikepdf.Array([pikepdf.Name.ASCIIHexDecode, pikepdf.Name.FlateDecode])
    path = scan_pdf(tmp_path / "0", "flate", picture, data=data, more={"/Filter": filters})

    assert drawn(path).problems == ()


def test_a_blank_fax_is_one_and_a_broken_one_is_told(tmp_path: Path) -> None:
    rows: dict[str, object] = {"/Filter": pikepdf.Name.CCITTFaxDecode, "/BitsPerComponent": 1}
    rows["/DecodeParms"] = pikepdf.Dictionary(K=-1, Columns=SIZE_PX[0], Rows=SIZE_PX[1])
    blank = scan_pdf(tmp_path / "0", "raw", scan("L"), data=b"\xff" * 219, more=rows)
    broken = scan_pdf(tmp_path / "1", "raw", scan("L"), data=bytes(20_000), more=rows)

    assert drawn(blank).problems == ()
    assert [problem.code for problem in drawn(broken).problems] == [INCOMPLETE]


def fax(picture: Image.Image, kind: str) -> bytes:
    """The data of a fax, as it stands in a TIFF of one strip."""
    file = as_file(picture, "TIFF", compression=kind, tiffinfo={278: picture.height})
    with Image.open(io.BytesIO(file)) as tiff:
        start, length = (tiff.tag_v2[tag][0] for tag in (273, 279))  # type: ignore[attr-defined]
    return file[start : start + length]


def jbig2(picture: Image.Image) -> bytes:
    """A page and a generic region in the coding of faxes, as segments (T.88, 7.2, 7.4.6, 7.4.8)."""
    size = struct.pack(">II", *picture.size)
    page, region = size + bytes(11), size + bytes(8) + b"\0\1" + fax(picture, "group4")
    head = ">IBBBI"
    return (
        struct.pack(head, 0, 48, 0, 1, len(page)) + page
        + struct.pack(head, 1, 38, 0, 1, len(region)) + region
    )  # fmt: skip


@pytest.mark.parametrize(
    ("codec", "encode", "coding"),
    [
        ("CCITTFaxDecode", partial(fax, kind="group4"), {"/K": -1}),
        ("CCITTFaxDecode", partial(fax, kind="group4"), {"/K": -1, "/BlackIs1": True}),
        ("CCITTFaxDecode", partial(fax, kind="group3"), {"/K": 0, "/EndOfLine": True}),
        ("JBIG2Decode", jbig2, {}),
    ],
)
def test_a_picture_in_black_and_white_that_is_cut_off_is_told(
    codec: str,
    encode: Callable[[Image.Image], bytes],
    coding: dict[str, int],
    tmp_path: Path,
) -> None:
    picture = scan("L").convert("1")
    data = encode(picture)
    parameters = pikepdf.Dictionary({"/Columns": SIZE_PX[0], "/Rows": SIZE_PX[1], **coding})
    more: dict[str, object] = {"/Filter": pikepdf.Name(f"/{codec}"), "/BitsPerComponent": 1}
    if coding:
        more["/DecodeParms"] = parameters
    grey = picture.convert("L")

    whole = scan_pdf(tmp_path / "whole", "raw", grey, data=data, more=more)
    half = scan_pdf(tmp_path / "half", "raw", grey, data=data[: len(data) // 2], more=more)

    assert drawn(whole).problems == ()
    assert np.ptp(drawn(whole).canvas.pixels) == 255
    assert [problem.code for problem in drawn(half).problems] == [INCOMPLETE]


@pytest.mark.parametrize(
    ("black_is_1", "decode", "is_mask", "turn_deg"),
    [
        (False, [0, 1], False, 90),
        (False, [1, 0], False, 0),
        (True, [1, 0], False, 0),
        (False, [0, 1], True, 0),
        (False, [1, 0], True, 180),
    ],
)
def test_a_fax_that_is_cut_off_is_told_whatever_its_missing_rows_look_like(
    black_is_1: bool, decode: list[int], is_mask: bool, turn_deg: int, tmp_path: Path
) -> None:
    picture = ImageOps.expand(scan("L").crop((60, 60, 1180, 1688)), 60, 255).convert("1")
    data = fax(picture, "group4").rstrip(b"\0")[:-3]  # without the end's mark
    coding = pikepdf.Dictionary(K=-1, Columns=SIZE_PX[0], Rows=SIZE_PX[1], BlackIs1=black_is_1)
    more: dict[str, object] = {
        "/Filter": pikepdf.Name.CCITTFaxDecode, "/DecodeParms": coding, "/BitsPerComponent": 1,
        "/Decode": pikepdf.Array(decode),
    }  # fmt: skip

    def problems(data: bytes) -> list[str]:
        path = scan_pdf(tmp_path / "0", "raw", picture.convert("L"), data=data, more=more)
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            page = pdf.pages[0]
            page.Rotate = turn_deg
            if is_mask:
                image = page.Resources.XObject.Scan
                image.ImageMask = True
                del image.ColorSpace
            pdf.save(path)
        return [problem.code for problem in drawn(path).problems]

    assert problems(data) == []
    assert problems(data[: len(data) // 2]) == [INCOMPLETE]


@pytest.mark.parametrize("content", [b"", b"BT /F 60 Tf 30 200 Td (Words) Tj ET"])
def test_a_white_picture_is_not_taken_for_a_missing_one(content: bytes, tmp_path: Path) -> None:
    white = Image.new("L", SIZE_PX, 255)
    path = scan_pdf(tmp_path / "0", "flate", white, content=content)

    page = drawn(path)

    assert page.problems == ()
    assert page.canvas.pixels.max() == 255
