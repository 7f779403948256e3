"""Kinds of files by their first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ocr_server.sources.decode import PICTURES
from ocr_server.sources.signatures import (
    ACCEPTED_FILES,
    KIND_NAMES,
    is_pdf,
    may_have_pages,
    media_type_of,
)
from tests.drawing import as_file, draw_lines

DATA = Path(__file__).parent.parent / "data"
TEXT = draw_lines("abc", mode="RGB")
FILES = {
    "image/heic": (DATA / "text.heic").read_bytes(),
    "image/x-portable-anymap": as_file(TEXT, "PPM"),
} | {f"image/{name.lower()}": as_file(TEXT, name) for name in (
    "PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF",
)}  # fmt: skip


@pytest.mark.parametrize("media_type", FILES)
def test_a_picture_is_known_by_its_first_bytes(media_type: str) -> None:
    assert media_type_of(FILES[media_type]) == media_type


@pytest.mark.parametrize("data", [b"", b"P", b"Public", b"Bavaria", b"....ftypisom", b"%!PS"])
def test_what_begins_like_no_picture_is_none(data: bytes) -> None:
    assert media_type_of(data) is None


@pytest.mark.parametrize("before", [b"", b"\n" * 900, b"BM"])
def test_a_pdf_is_known_by_its_header_wherever_it_may_stand(before: bytes, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(before + b"%PDF-1.7\n")

    assert is_pdf(upload)
    assert may_have_pages(upload)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "tiff", "webp", "heic", "avif"])
def test_a_picture_that_speaks_of_a_pdf_is_a_picture(kind: str, tmp_path: Path) -> None:
    data = FILES[f"image/{kind}"]
    upload = tmp_path / "upload"
    upload.write_bytes(data[:12] + b"%PDF-1.7" + data[12:])

    assert not is_pdf(upload)


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_only_tiff_and_pdf_may_have_several_pages(head: bytes, tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(head)
    picture = tmp_path / "picture"
    picture.write_bytes(FILES["image/gif"])

    assert may_have_pages(upload)
    assert not may_have_pages(picture)


def test_every_kind_is_named_and_opened() -> None:
    assert KIND_NAMES == "PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC, AVIF, PNM or PDF"
    assert {"PNG", "HEIF", "DIB"} <= set(PICTURES)


def test_a_browser_offers_pictures_and_pdfs_and_what_it_does_not_know_as_such() -> None:
    assert ACCEPTED_FILES == "image/*,application/pdf,.tif,.tiff,.heic,.heif"
