from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_server.errors import DamagedPicture, DocumentError
from ocr_server.job import Limits
from ocr_server.sources.decode import DecodedPage, open_page
from tests.drawing import as_file, as_pages, draw_lines

LIMITS = Limits(max_pixels=1_000_000, max_pages=5)
HEIC = (Path(__file__).parent.parent / "data" / "text.heic").read_bytes()
PLACES = 20
SHEET = draw_lines(*[f"Line {number} of twelve" for number in range(12)], size_px=20)
COLOURED = SHEET.convert("RGB")
WHOLE = {
    "PNG": as_file(SHEET),
    "PNG of colours": as_file(COLOURED),
    "PNG of a palette": as_file(COLOURED.convert("P")),
    "JPEG": as_file(SHEET, "JPEG"),
    "JPEG of colours": as_file(COLOURED, "JPEG"),
    "progressive JPEG": as_file(COLOURED, "JPEG", progressive=True),
    "WebP": as_file(COLOURED, "WEBP"),
    "WebP without loss": as_file(COLOURED, "WEBP", lossless=True),
    "GIF": as_file(SHEET, "GIF"),
    "BMP": as_file(SHEET, "BMP"),
    "PNM": as_file(SHEET, "PPM"),
    "AVIF": as_file(COLOURED, "AVIF"),
    "HEIC": HEIC,
    "TIFF": as_file(SHEET, "TIFF"),
    "TIFF, LZW": as_file(SHEET, "TIFF", compression="tiff_lzw"),
    "TIFF, deflate": as_file(SHEET, "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, JPEG": as_file(COLOURED, "TIFF", compression="jpeg"),
    "fax": as_file(SHEET.convert("1"), "TIFF", compression="group4"),
}


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    return tmp_path / "0"


def opened(upload: Path, data: bytes, *, grey: bool = True) -> DecodedPage:
    upload.write_bytes(data)
    return open_page(upload, 0, limits=LIMITS, password=None, grey=grey)


def places(data: bytes) -> list[int]:
    """Twenty places, evenly spread over the file."""
    return [int(len(data) * (number + 0.5) / PLACES) for number in range(PLACES)]


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


@pytest.mark.parametrize("kind", WHOLE)
def test_a_sound_file_has_nothing_to_be_told(kind: str, upload: Path) -> None:
    assert opened(upload, WHOLE[kind]).lost_share is None


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_off_anywhere_is_refused_or_says_so(kind: str, upload: Path) -> None:
    for place in places(WHOLE[kind]):
        try:
            page = opened(upload, WHOLE[kind][:place])
        except DocumentError:
            continue

        assert page.lost_share is not None, place


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_with_a_wrong_byte_anywhere_is_no_empty_page(kind: str, upload: Path) -> None:
    for place in places(WHOLE[kind]):
        try:
            page = opened(upload, flipped(WHOLE[kind], place))
        except DocumentError:
            continue

        assert page.lost_share is not None or np.ptp(page.canvas.pixels) > 64, place


@pytest.mark.parametrize("grey", [True, False])
@pytest.mark.parametrize("kind", ["PNG", "PNG of colours", "PNG of a palette"])
def test_a_png_with_a_wrong_byte_is_refused(kind: str, grey: bool, upload: Path) -> None:
    """Asked for its EXIF block, Pillow decodes: its error was taken for one of the block."""
    for place in places(WHOLE[kind]):
        with pytest.raises(DamagedPicture):
            opened(upload, flipped(WHOLE[kind], place), grey=grey)


@pytest.mark.parametrize("kind", ["TIFF, LZW", "AVIF"])
def test_a_file_that_was_cut_off_is_damaged_rather_than_unknown(kind: str, upload: Path) -> None:
    with pytest.raises(DamagedPicture, match="cut off"):
        opened(upload, WHOLE[kind][:200])


@pytest.mark.parametrize("kind", ["JPEG", "JPEG of colours"])
@pytest.mark.parametrize("kept_share", [0.3, 0.5, 0.8])
def test_what_is_left_of_a_jpeg_is_as_it_was_and_the_rest_is_white(
    kept_share: float, kind: str, upload: Path
) -> None:
    data = WHOLE[kind]

    page = opened(upload, data[: int(len(data) * kept_share)])

    assert page.lost_share is not None
    # Letters are spread evenly, the margins and tables at the start take some of the bytes.
    assert page.lost_share == pytest.approx(1 - kept_share, abs=0.2)
    pixels = page.canvas.pixels
    kept_rows = round(pixels.shape[0] * (1 - page.lost_share))
    whole = opened(upload, data).canvas.pixels
    assert (pixels[: kept_rows - 16] == whole[: kept_rows - 16]).all()
    assert (pixels[kept_rows:] == 255).all()


def test_a_progressive_jpeg_cut_off_is_less_sharp(upload: Path) -> None:
    data = WHOLE["progressive JPEG"]

    page = opened(upload, data[: len(data) // 2])

    assert page.lost_share == 0
    difference = np.abs(page.canvas.pixels.astype(int) - opened(upload, data).canvas.pixels)
    assert difference.mean() < 16


def test_a_photograph_on_its_side_loses_its_lower_rows_as_they_are_stored(upload: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = as_file(SHEET, "JPEG", exif=exif)

    page = opened(upload, data[: len(data) // 2])

    assert page.lost_share
    lost_columns = round(page.canvas.width_px * page.lost_share)
    assert (page.canvas.pixels[:, :lost_columns] == 255).all()
    assert page.canvas.pixels[:, lost_columns + 16 :].min() < 64


def test_a_jpeg_of_which_only_the_head_is_left_is_refused(upload: Path) -> None:
    data = WHOLE["JPEG"]

    with pytest.raises(DamagedPicture):
        opened(upload, data[: data.index(b"\xff\xda")])


def test_lines_of_a_fax_that_cannot_be_decoded_are_told(
    upload: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = WHOLE["fax"]

    page = opened(upload, flipped(data, len(data) // 2))

    assert page.lost_share == 0
    assert capfd.readouterr().err == ""


def test_a_tag_that_nobody_knows_is_no_damage(upload: Path) -> None:
    data = as_file(SHEET.convert("1"), "TIFF", compression="group4", tiffinfo={65_000: "mine"})

    assert opened(upload, data).lost_share is None


def test_pages_of_a_tiff_are_damaged_each_for_itself(upload: Path) -> None:
    data = as_pages([SHEET, SHEET], compression="tiff_lzw")

    assert opened(upload, data[: len(data) * 3 // 4]).lost_share is None
