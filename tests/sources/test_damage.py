from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_server.errors import DamagedPicture, DocumentError
from ocr_server.job import Limits
from ocr_server.sources import coded_pixels
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
    "JPEG with restarts": as_file(SHEET, "JPEG", restart_marker_rows=1, optimize=True),
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


@pytest.mark.parametrize(
    "kind", ["WebP", "WebP without loss", "GIF", "AVIF", "TIFF, LZW", "TIFF, deflate", "fax"]
)
def test_what_a_wrong_byte_in_coded_pixels_does_is_refused_or_told(kind: str, upload: Path) -> None:
    """Of the places in pixels, the first of which is behind the head of the file."""
    sound = opened(upload, WHOLE[kind]).canvas.pixels.astype(int)
    for place in places(WHOLE[kind])[1:-1]:
        try:
            page = opened(upload, flipped(WHOLE[kind], place))
        except DocumentError:
            continue

        is_wrong = np.abs(page.canvas.pixels - sound) > 64
        assert page.lost_share == 0 or is_wrong.mean() < 0.02, place


def test_no_sound_lzw_of_strips_is_called_damaged(upload: Path) -> None:
    """However many rows a strip has, and whether or not the last one is filled up."""
    for rows in (1, 7, 10_000):
        for mode in ("1", "L", "RGB", "RGBA", "CMYK"):
            how = {"compression": "tiff_lzw", "tiffinfo": {278: rows}}
            data = as_file(COLOURED.convert(mode), "TIFF", **how)

            assert opened(upload, data).lost_share is None, (rows, mode)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG of colours", "progressive JPEG"])
def test_a_jpeg_with_bits_left_is_told(kind: str, upload: Path) -> None:
    """So few that no decoder complains of them."""
    data = WHOLE[kind]

    assert opened(upload, data[:-2] + b"\x5a\x69" + data[-2:]).lost_share == 0


@pytest.mark.parametrize("kind", ["JPEG", "JPEG of colours", "progressive JPEG"])
@pytest.mark.parametrize(
    "padding",
    [*(number * b"\0" for number in (1, 2, 3, 16)), b"\xff\xff", b"\xff\xd3", b"\xff" * 100_000],
    ids=lambda padding: f"{len(padding)} of {padding[-1]}",
)
def test_bytes_that_fill_up_a_jpeg_are_no_damage(padding: bytes, kind: str, upload: Path) -> None:
    for lines in range(1, 8):  # which leave other bits over
        sheet = draw_lines(*["filled up"] * lines, size_px=20)
        how = {"progressive": kind.startswith("progressive")}
        data = as_file(sheet.convert("RGB") if "colours" in kind else sheet, "JPEG", **how)

        page = opened(upload, data[:-2] + padding + data[-2:] + b"a camera's own")

        assert page.lost_share is None, lines


def test_blocks_that_do_not_fit_between_restarts_are_told(upload: Path) -> None:
    data = WHOLE["JPEG with restarts"]
    begin, end = (data.index(mark) for mark in (b"\xff\xd2", b"\xff\xd3"))
    middle = (begin + end) // 2

    assert opened(upload, data[:middle] + data[middle + 40 :]).lost_share == 0


def test_a_jpeg_strip_in_a_tiff_with_bytes_missing_is_told(upload: Path) -> None:
    data = bytearray(WHOLE["TIFF, JPEG"])
    end = data.rindex(b"\xff\xd9")
    data[end - 60 : end] = b"\xff" * 60  # which fill up, and are no data

    assert opened(upload, bytes(data)).lost_share == 0


def test_a_fax_that_ends_in_the_middle_is_told(upload: Path) -> None:
    """libtiff makes white lines of what is missing, and says nothing."""
    data = bytearray(WHOLE["fax"])
    middle = len(data) // 2
    data[middle : middle + 3] = b"\x00\x10\x00"

    assert opened(upload, bytes(data)).lost_share == 0


def test_a_fax_is_looked_at_in_pieces(upload: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded_pixels, "_PIECE_BYTES", 1)
    data = bytearray(WHOLE["fax"])
    middle = len(data) // 2

    assert opened(upload, bytes(data)).lost_share is None
    data[middle : middle + 3] = b"\x00\x10\x00"
    assert opened(upload, bytes(data)).lost_share == 0


def test_strips_that_overlap_are_not_inflated_one_by_one(tmp_path: Path) -> None:
    """Ten thousand may be the same bytes, each of which is a thousand when inflated."""
    strips = dict(enumerate([zlib.compress(bytes(10_000))] * 4))
    file = tmp_path / "strips"
    file.write_bytes(b"".join(strips.values()))
    size = len(strips[0])

    def given(offsets: list[int]) -> list[bytes]:
        tags = {273: tuple(offsets), 279: (size,) * len(offsets)}
        return [one.tobytes() for one in coded_pixels.strips_of(file, tags)]

    assert given([at * size for at in strips]) == list(strips.values())
    assert given([0] * 5) == []


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "TIFF, deflate"])
def test_a_picture_is_read_where_memory_is_short_for_looking_at_its_damage(
    kind: str, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(coded_pixels, "_decoded", lacks_memory)
    monkeypatch.setattr(coded_pixels, "_is_deflate_damaged", lacks_memory)

    assert opened(upload, WHOLE[kind]).lost_share is None


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
