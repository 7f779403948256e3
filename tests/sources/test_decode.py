from __future__ import annotations

import errno
import io
import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from ocr_server.errors import (
    DamagedPicture,
    DocumentError,
    OutOfMemory,
    PageMissing,
    TooManyPages,
    TooManyPixels,
    UnsupportedFormat,
)
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Limits
from ocr_server.sources.decode import PICTURES, count_pages, decode_page, opened_picture
from tests.drawing import as_file, as_pages, draw_lines

LIMITS = Limits(max_pixels=1_000_000, max_pages=5)
DATA = Path(__file__).parent.parent / "data"
# JPEG, WebP, AVIF and HEIC are lossy: this many grey levels on the mean, far less than text has.
LOSS = 6


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    return tmp_path / "0"


def decode(upload: Path, data: bytes, index: int = 0, limits: Limits = LIMITS) -> Canvas:
    upload.write_bytes(data)
    return decode_page(upload, index, limits=limits, password=None)


def count(upload: Path, data: bytes, limits: Limits = LIMITS) -> int:
    upload.write_bytes(data)
    return count_pages(upload, limits=limits, password=None)


def difference(canvas: Canvas, picture: Image.Image) -> float:
    """The mean difference of grey levels."""
    wanted = np.asarray(picture.convert("L"), dtype=np.float64)
    return float(np.abs(canvas.grey().pixels - wanted).mean())


def coloured() -> Image.Image:
    """Red, green, blue and white, a quarter each."""
    picture = Image.new("RGB", (40, 40), "white")
    for box, colour in (((0, 0), "red"), ((20, 0), "lime"), ((0, 20), "blue")):
        picture.paste(colour, (*box, box[0] + 20, box[1] + 20))
    return picture


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "PPM"]
)
def test_a_picture_of_every_kind_shows_what_was_drawn(kind: str, mode: str, upload: Path) -> None:
    picture = draw_lines("All kinds", mode=mode)

    canvas = decode(upload, as_file(picture, kind))

    assert (canvas.width_px, canvas.height_px) == picture.size
    assert difference(canvas, picture) < LOSS


def test_a_telephone_s_heic_is_opened(upload: Path) -> None:
    canvas = decode(upload, (DATA / "text.heic").read_bytes())

    assert (canvas.width_px, canvas.height_px) == (132, 110)
    assert canvas.pixels.min() < 50
    assert canvas.pixels.max() > 205


def test_every_kind_of_the_list_is_tried_here() -> None:
    tried = {"PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "PPM", "HEIF"}

    assert tried == set(PICTURES)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP"])
def test_colours_stay_in_their_place(kind: str, upload: Path) -> None:
    lossless = {"lossless": True} if kind == "WEBP" else {}

    canvas = decode(upload, as_file(coloured(), kind, **lossless))

    assert canvas.pixels[5, 5].tolist() == [255, 0, 0]
    assert canvas.pixels[5, 25].tolist() == [0, 255, 0]
    assert canvas.pixels[25, 5].tolist() == [0, 0, 255]


def test_grey_saved_as_colour_becomes_grey(upload: Path) -> None:
    canvas = decode(upload, as_file(draw_lines("grey", mode="RGB")))

    assert not canvas.is_colour


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF"])
def test_colour_asked_for_in_grey_is_its_luminance(kind: str, upload: Path) -> None:
    in_colour = decode(upload, as_file(coloured(), kind))

    canvas = decode_page(upload, 0, limits=LIMITS, password=None, grey=True)

    assert not canvas.is_colour
    # One grey level for rounding; a JPEG's colours overflow where saturated areas meet.
    apart = np.abs(canvas.pixels.astype(int) - in_colour.grey().pixels.astype(int))
    assert apart.mean() < 1


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_jpegs_of_other_colours_can_be_asked_for_in_grey(mode: str, upload: Path) -> None:
    upload.write_bytes(as_file(coloured().convert(mode), "JPEG", quality=95))

    canvas = decode_page(upload, 0, limits=LIMITS, password=None, grey=True)

    assert not canvas.is_colour
    assert difference(canvas, coloured()) < LOSS


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_a_png_of_every_mode_has_dark_ink_on_white_paper(mode: str, upload: Path) -> None:
    picture = draw_lines("Modes")
    if mode == "I;16":
        saved = Image.fromarray(np.asarray(picture, dtype=np.uint16) * 257)
    else:
        saved = picture.convert(mode)

    canvas = decode(upload, as_file(saved))

    assert canvas.pixels.dtype == np.uint8
    # One bit and palettes dither the edges of letters.
    assert difference(canvas, picture) < 15


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "YCbCr", "F", "I;16", "I;16B", "1", "P", "RGBA"])
def test_a_tiff_of_every_mode_has_dark_ink_on_white_paper(mode: str, upload: Path) -> None:
    picture = draw_lines("Modes")
    if mode == "F":
        saved = Image.fromarray(np.asarray(picture, dtype=np.float32) / 255)
    elif mode == "I;16":
        saved = Image.fromarray(np.asarray(picture, dtype=np.uint16) * 257)
    elif mode == "I;16B":
        big = (np.asarray(picture, dtype=np.uint16) * 257).astype(">u2")
        saved = Image.frombytes("I;16B", picture.size, big.tobytes())
    elif mode == "LAB":
        white = Image.new("L", picture.size, 128)
        saved = Image.merge("LAB", (picture, white, white))
    else:
        saved = picture.convert("RGB").convert(mode)

    canvas = decode(upload, as_file(saved, "TIFF"))

    assert difference(canvas, picture) < 15


def test_a_jpeg_for_the_press_is_not_inverted(upload: Path) -> None:
    picture = draw_lines("CMYK")

    canvas = decode(upload, as_file(picture.convert("CMYK"), "JPEG"))

    assert difference(canvas, picture) < LOSS


def test_sixteen_bits_of_which_a_scanner_used_twelve_are_stretched(upload: Path) -> None:
    picture = draw_lines("twelve")
    levels = np.asarray(picture, dtype=np.uint16) * 16

    canvas = decode(upload, as_file(Image.fromarray(levels)))

    assert difference(canvas, picture) < 2


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_stray_dots_do_not_decide_how_sixteen_bits_are_stretched(
    kind: type[np.generic], upload: Path
) -> None:
    picture = draw_lines("a few dots", "that are hot or dead")
    levels = 2000 + np.asarray(picture, dtype=np.uint16) * 8
    places = np.random.default_rng(1).integers(0, levels.size, 60)
    levels.flat[places[:30]], levels.flat[places[30:]] = 65_535, 0

    canvas = decode(upload, as_file(Image.fromarray(levels.astype(kind)), "TIFF"))

    assert difference(canvas, picture) < 2


def test_a_word_on_an_empty_page_of_sixteen_bits_is_no_stray_dot(upload: Path) -> None:
    picture = Image.new("L", (900, 1000), 255)
    picture.paste(draw_lines("word", size_px=16), (300, 400))
    levels = 20_000 + np.asarray(picture, dtype=np.uint16) * 100

    canvas = decode(upload, as_file(Image.fromarray(levels), "TIFF"))

    assert difference(canvas, picture) < 2


def test_lines_of_one_pixel_do_not_make_sixteen_bits_of_noise(upload: Path) -> None:
    levels = np.random.default_rng(1).normal(40_000, 100, (400, 400))
    levels[::20] = 5_000

    pixels = decode(upload, as_file(Image.fromarray(levels.astype(np.uint16)), "TIFF")).pixels

    assert pixels[::20].max() < 5
    assert pixels[10::20].min() > 245


def test_what_is_no_number_is_light(upload: Path) -> None:
    levels = np.full((40, 40), 0.5, np.float32)
    levels[:20], levels[30:, :5], levels[30:, 5:10] = 0.1, np.nan, np.inf

    pixels = decode(upload, as_file(Image.fromarray(levels), "TIFF")).pixels

    assert (pixels[25, 0], pixels[35, 0], pixels[35, 7], pixels[5, 5]) == (255, 255, 255, 0)


def test_an_even_sheet_of_sixteen_bits_stays_even(upload: Path) -> None:
    canvas = decode(upload, as_file(Image.fromarray(np.full((20, 30), 4000, dtype=np.uint16))))

    assert np.ptp(canvas.pixels) == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_shows_through_is_white(kind: str, upload: Path) -> None:
    picture = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (10, 5, 20, 15))

    canvas = decode(upload, as_file(picture, kind))

    assert canvas.pixels[0, 0] == 255
    assert canvas.pixels[10, 15] < LOSS


@pytest.mark.parametrize(("letters", "ground"), [("white", 0), ("#ddd", 0), ("black", 255)])
def test_letters_on_transparent_ground_can_be_told_from_it(
    upload: Path, letters: str, ground: int
) -> None:
    picture = Image.new("RGBA", (200, 60), (0, 0, 0, 0))
    ImageDraw.Draw(picture).text((10, 10), "seen", fill=letters, font=ImageFont.load_default(30))

    pixels = decode(upload, as_file(picture)).grey().pixels

    assert pixels[0, 0] == ground
    assert abs(int(pixels.max()) - int(pixels.min())) > 200


def test_a_transparent_colour_of_a_palette_is_white(upload: Path) -> None:
    picture = Image.new("P", (30, 20), 0)
    picture.putpalette([200, 0, 0, 0, 0, 0])
    picture.paste(1, (10, 5, 20, 15))

    canvas = decode(upload, as_file(picture, "GIF", transparency=0))

    assert canvas.pixels[0, 0].tolist() == 255
    assert canvas.pixels[10, 15].tolist() == 0


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, "top left"), (2, "top right"), (3, "bottom right"), (4, "bottom left"),
        (5, "top left"), (6, "top right"), (7, "bottom right"), (8, "bottom left"),
    ],
)  # fmt: skip
def test_a_camera_s_orientation_is_applied(
    kind: str, orientation: int, corner: str, upload: Path
) -> None:
    picture = Image.new("L", (60, 40), 255)
    picture.paste(0, (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation

    canvas = decode(upload, as_file(picture, kind, exif=exif))

    size = (60, 40) if orientation < 5 else (40, 60)
    assert (canvas.width_px, canvas.height_px) == size
    x = 8 if "left" in corner else canvas.width_px - 8
    y = 8 if "top" in corner else canvas.height_px - 8
    assert canvas.grey().pixels[y, x] < 128
    assert (canvas.grey().pixels < 128).mean() < 0.2


def test_a_broken_exif_block_says_nothing(upload: Path) -> None:
    picture = draw_lines("exif")

    canvas = decode(upload, as_file(picture, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))

    assert difference(canvas, picture) < LOSS


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_the_file_s_resolution_is_told(kind: str, upload: Path) -> None:
    canvas = decode(upload, as_file(draw_lines("dpi"), kind, dpi=(240, 240)))

    assert canvas.dpi == pytest.approx(240, abs=0.5)  # BMP and PNG count pixels per metre


@pytest.mark.parametrize(
    ("dpi", "aspect", "squared"),
    [((204, 98), 2.08, (100, 208)), ((98, 204), 0.48, (208, 100)), ((300, 290), 1, (100, 100))],
)
def test_pixels_of_a_fax_are_made_square(
    dpi: tuple[int, int], aspect: float, squared: tuple[int, int], upload: Path
) -> None:
    canvas = decode(upload, as_file(Image.new("L", (100, 100)), "TIFF", dpi=dpi))

    assert canvas.pixel_aspect == pytest.approx(aspect, abs=0.01)
    assert (canvas.width_px, canvas.height_px) == (100, 100)
    made = canvas.with_square_pixels()
    assert (made.width_px, made.height_px, made.pixel_aspect) == (*squared, 1)
    assert canvas.rotated_90(1).with_square_pixels().width_px == squared[1]


def test_a_roll_of_a_fax_is_not_stretched_beyond_what_can_be_counted(upload: Path) -> None:
    canvas = decode(upload, as_file(Image.new("L", (40, 20_000)), "TIFF", dpi=(204, 102)))

    made = canvas.with_square_pixels()

    assert (made.width_px, made.height_px) == (20, 20_000)


@pytest.mark.parametrize("dpi", [0, 1, 20_000])
def test_a_resolution_that_cannot_be_true_is_none(dpi: int, upload: Path) -> None:
    canvas = decode(upload, as_file(draw_lines("dpi"), "TIFF", dpi=(dpi, dpi)))

    assert canvas.dpi is None


def test_a_file_without_resolution_has_none(upload: Path) -> None:
    assert decode(upload, as_file(draw_lines("dpi"))).dpi is None


@pytest.mark.parametrize(("tags", "dpi"), [({}, None), ({0x011A: 72.0, 0x0128: 2}, 72.0)])
def test_a_jpeg_s_resolution_is_its_own(
    tags: dict[int, float], dpi: float | None, upload: Path
) -> None:
    """Where EXIF data has none, Pillow says 72."""
    exif = Image.Exif()
    exif.update({0x0112: 1, **tags})
    data = io.BytesIO()
    draw_lines("dpi").save(data, "JPEG", exif=exif)

    assert decode(upload, data.getvalue()).dpi == dpi


def test_every_frame_of_a_tiff_is_a_page(upload: Path) -> None:
    data = as_pages([draw_lines(name) for name in ("one", "the second", "number three")])

    widths = [decode(upload, data, index).width_px for index in range(count(upload, data))]

    assert len(widths) == 3
    assert widths == [draw_lines(name).width for name in ("one", "the second", "number three")]


def test_a_tiff_of_two_frames_has_no_third_page(upload: Path) -> None:
    with pytest.raises(PageMissing, match="no page 3"):
        decode(upload, as_pages([draw_lines("a"), draw_lines("b")]), 2)


def test_a_tiff_cut_off_keeps_the_frames_before(upload: Path) -> None:
    whole = as_pages([draw_lines(name) for name in ("one", "two", "three")])
    data = whole[: whole.rindex(b"\0\1\4\0") + 9]  # within the first entry of the last directory

    assert count(upload, data) == 3
    assert decode(upload, data, 1).width_px == draw_lines("two").width
    with pytest.raises(DamagedPicture):
        decode(upload, data, 2)


def test_a_tiff_s_frames_are_counted_no_further_than_the_limit(upload: Path) -> None:
    data = as_pages([Image.new("1", (4, 4))] * 8)

    with pytest.raises(TooManyPages, match=r"limit is 5.*OCR_MAX_PAGES"):
        count(upload, data)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_one_page_its_first_frame(kind: str, upload: Path) -> None:
    frames = [draw_lines(name, mode="RGB", width_px=200) for name in ("first", "second")]

    data = as_pages(frames, kind)

    assert count(upload, data) == 1
    assert difference(decode(upload, data), frames[0]) < LOSS


def one_bit_png(width_px: int, height_px: int) -> bytes:
    """A white PNG of one bit a pixel, packed row by row: a few kB whatever its size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((width_px + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(height_px)) + packer.flush()
    head = struct.pack(">IIBBBBB", width_px, height_px, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_bomb_of_400_megapixels_is_refused_by_its_header(upload: Path) -> None:
    data = one_bit_png(20_000, 20_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(
        TooManyPixels, match=r"20000 × 20000 .* 64000000 .*OCR_MAX_PIXELS"
    ) as caught:
        decode(upload, data, limits=Limits())

    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 40 * 1024  # the pixels would be 50 MB packed and 400 MB as bytes
    assert caught.value.extra["width_px"] == 20_000
    assert caught.value.extra["setting"] == "OCR_MAX_PIXELS"


@pytest.mark.parametrize("frame", [0, 1])
def test_each_frame_is_held_to_the_limit(frame: int, upload: Path) -> None:
    frames = [Image.new("1", (100, 100)), Image.new("1", (100, 100))]
    frames[frame] = Image.new("1", (2000, 2000))

    with pytest.raises(TooManyPixels):
        decode(upload, as_pages(frames), frame)


def test_a_side_longer_than_can_be_counted_is_refused(upload: Path) -> None:
    with pytest.raises(TooManyPixels, match="no side may have more than 32000"):
        decode(upload, as_file(Image.new("L", (9, 33_000))))


def test_a_gif_with_a_frame_larger_than_its_screen_is_refused(upload: Path) -> None:
    data = bytearray(as_file(Image.new("P", (10, 10)), "GIF"))
    place = data.index(b",") + 5  # image descriptor: left, top, then width and height
    data[place : place + 4] = struct.pack("<HH", 60_000, 60_000)

    with pytest.raises(DocumentError):
        decode(upload, bytes(data))


def test_a_page_of_exactly_the_limit_is_read(upload: Path) -> None:
    canvas = decode(upload, as_file(Image.new("L", (1000, 1000), 255)))

    assert canvas.width_px == 1000


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_a_truncated_file_is_damaged(kind: str, upload: Path) -> None:
    data = as_file(draw_lines("cut off in the middle", mode="RGB"), kind)

    with pytest.raises(DamagedPicture, match="Save it again"):
        decode(upload, data[: len(data) // 2])


@pytest.mark.parametrize("kept_share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_a_truncated_box_of_boxes_is_refused(kind: str, kept_share: float, upload: Path) -> None:
    heic = (DATA / "text.heic").read_bytes()
    data = heic if kind == "HEIF" else as_file(draw_lines("cut"), "AVIF")

    with pytest.raises(DocumentError):
        decode(upload, data[: int(len(data) * kept_share)])


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize(
    "data",
    [
        EPS,
        b"/etc/passwd\n/etc/hosts\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE html><p>words</p>",
        b"PK\x03\x04 a document of an office",
        b"\0" * 100,
        b"x",
        as_file(draw_lines("ico"), "ICO"),
        as_file(draw_lines("tga"), "TGA"),
        as_file(draw_lines("pcx"), "PCX"),
    ],
    ids=["eps", "names of files", "svg", "html", "zip", "zeros", "x", "ico", "tga", "pcx"],
)
def test_anything_else_is_not_opened_at_all(data: bytes, upload: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="Send PNG, JPEG"):
        decode(upload, data)
    assert count(upload, data) == 1


def test_a_page_without_memory_for_it_says_which_setting_helps(
    upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(_self: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)

    with pytest.raises(OutOfMemory, match="OCR_WORKER_MEMORY_BYTES"):
        decode(upload, as_file(draw_lines("much")))


def test_what_the_system_says_while_a_picture_is_open_is_not_called_damage(upload: Path) -> None:
    upload.write_bytes(as_file(draw_lines("text")))

    with (
        pytest.raises(OSError, match="no room"),
        opened_picture(upload, 0, limits=LIMITS),
    ):
        raise OSError(errno.ENOSPC, "no room")


def test_a_picture_without_width_is_damaged(upload: Path) -> None:
    with pytest.raises(DocumentError):
        decode(upload, one_bit_png(0, 10))


GENUINE = {kind: as_file(draw_lines("abc", mode="RGB"), kind) for kind in ("PNG", "JPEG", "GIF",
           "BMP", "TIFF", "WEBP")}  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(sorted(GENUINE)),
    blows=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0.05, 1),
)
def test_a_file_broken_anyhow_is_read_or_refused(
    kind: str, blows: list[tuple[int, int]], cut: float, upload: Path
) -> None:
    data = bytearray(GENUINE[kind][: max(1, int(len(GENUINE[kind]) * cut))])
    for place, value in blows:
        data[place % len(data)] = value

    try:
        pixels = decode(upload, bytes(data)).pixels
    except DocumentError:
        return

    assert pixels.size <= 3 * LIMITS.max_pixels


def test_the_picture_s_bytes_are_not_changed(upload: Path) -> None:
    data = as_file(draw_lines("same"))

    decode(upload, data)

    assert upload.read_bytes() == data
    assert Image.open(io.BytesIO(data)).size == draw_lines("same").size


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_grey_page_has_the_pixels_of_the_file(mode: str, upload: Path) -> None:
    levels = np.random.default_rng(1).integers(0, 256, (61, 37), np.uint8)
    Image.fromarray(levels).convert(mode).save(upload, "PNG")

    canvas = decode_page(upload, 0, limits=LIMITS, password=None, grey=True)

    assert (canvas.pixels == levels).all()
    assert canvas.pixels.flags.owndata
