from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ocr_server.errors import DamagedPicture
from ocr_server.job import Limits
from ocr_server.sources.decode import count_pages, open_page
from tests.drawing import draw_lines

LIMITS = Limits(max_pixels=1_000_000, max_pages=5)
NEW_SUBFILE_TYPE, SUBFILE_TYPE = 254, 255
PAGE, PREVIEW, PAGE_OF_SEVERAL, MASK = 0, 1, 2, 4


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    return tmp_path / "0"


def write_tiff(path: Path, *frames: tuple[int | None, int], tag: int = NEW_SUBFILE_TYPE) -> None:
    """A TIFF of frames, each with what it says it is, and how wide it is."""
    pictures = []
    for kind, width_px in frames:
        picture = draw_lines("Frame").resize((width_px, 40))
        picture.encoderinfo = {"tiffinfo": {} if kind is None else {tag: kind}}
        pictures.append(picture)
    first, *more = pictures
    first.save(path, "TIFF", save_all=True, append_images=more, **first.encoderinfo)


def read(path: Path) -> list[tuple[int, int]]:
    """How wide each page is, and how many copies of it there are."""
    count = count_pages(path, limits=LIMITS, password=None)
    pages = [open_page(path, index, limits=LIMITS, password=None) for index in range(count)]
    return [(page.canvas.width_px, page.copies) for page in pages]


def test_smaller_copies_are_no_pages(upload: Path) -> None:
    write_tiff(upload, (PAGE, 200), (PREVIEW, 100), (PREVIEW, 50))

    assert read(upload) == [(200, 2)]


def test_a_copy_before_its_page_is_none_either(upload: Path) -> None:
    write_tiff(upload, (PREVIEW, 50), (PAGE, 200), (PAGE, 210), (PREVIEW, 60))

    assert read(upload) == [(200, 1), (210, 1)]


@pytest.mark.parametrize("kind", [None, PAGE, PAGE_OF_SEVERAL])
def test_pages_of_a_fax_are_pages(kind: int | None, upload: Path) -> None:
    write_tiff(upload, (kind, 200), (kind, 210), (kind, 220))

    assert read(upload) == [(200, 0), (210, 0), (220, 0)]


def test_masks_are_no_pages(upload: Path) -> None:
    write_tiff(upload, (PAGE_OF_SEVERAL, 200), (MASK | PAGE_OF_SEVERAL, 200))

    assert read(upload) == [(200, 1)]


def test_the_older_tag_counts_where_the_newer_is_missing(upload: Path) -> None:
    write_tiff(upload, (1, 200), (2, 100), tag=SUBFILE_TYPE)

    assert read(upload) == [(200, 1)]


def test_where_all_frames_are_copies_the_first_is_the_page(upload: Path) -> None:
    write_tiff(upload, (PREVIEW, 100), (PREVIEW, 50))

    assert read(upload) == [(100, 1)]


def test_copies_do_not_count_against_the_limit_of_pages(upload: Path) -> None:
    write_tiff(upload, (PAGE, 200), *[(PREVIEW, 100)] * 10)

    assert read(upload) == [(200, 10)]


def test_more_copies_than_any_program_writes_are_refused(upload: Path) -> None:
    write_tiff(upload, (PAGE, 200), *[(PREVIEW, 10)] * 100)

    assert count_pages(upload, limits=LIMITS, password=None) == 1
    with pytest.raises(DamagedPicture, match="more than 64"):
        open_page(upload, 0, limits=LIMITS, password=None)


def test_a_broken_copy_is_a_page_that_tells_so(upload: Path) -> None:
    write_tiff(upload, (PAGE, 200), (PREVIEW, 100))
    data = upload.read_bytes()
    upload.write_bytes(data[: data.rindex(b"\0\1\4\0") + 9])  # within the last directory

    assert count_pages(upload, limits=LIMITS, password=None) == 2
    assert open_page(upload, 0, limits=LIMITS, password=None).canvas.width_px == 200
    with pytest.raises(DamagedPicture):
        open_page(upload, 1, limits=LIMITS, password=None)


def test_a_file_of_one_frame_has_no_copies(upload: Path) -> None:
    Image.new("L", (20, 10)).save(upload, "TIFF")

    assert read(upload) == [(20, 0)]
