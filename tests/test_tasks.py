from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageDraw

from ocr_server import tasks
from ocr_server.cpu_shares import one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document, Zone
from ocr_server.document.page_files import PageRef
from ocr_server.engines import ENGINES
from ocr_server.errors import StorageFull
from ocr_server.export.rendering import Rendering
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Limits, ReadOptions
from ocr_server.page.recipe import STAGES
from ocr_server.runtime.worker_context import WorkerContext
from ocr_server.sources import decode
from tests.drawing import SENTENCE, as_file, draw_lines
from tests.export.documents import two_pages
from tests.fakes import ReadsWords


def render_with(error: OSError, folder: Path) -> None:
    def render(_doc: Document, _paths: tuple[Path, ...], _how: Rendering) -> Iterator[bytes]:
        yield b"begun"
        raise error

    tasks.render(
        WorkerContext(lambda name: ENGINES[name](), one_thread, Deadline.after(60)),
        document=two_pages(),
        paths=(),
        render=render,
        rendering=Rendering(),
        result=folder / "result",
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_an_answer_for_which_there_is_no_room_says_so(number: int, tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match="OCR_TEMP_DIR"):
        render_with(OSError(number, os.strerror(number)), tmp_path)


@pytest.mark.parametrize("kind", ["PNG", "PDF"])
def test_a_file_that_was_removed_while_its_folder_stays_is_told(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "1-0"
    monkeypatch.setattr(tasks, "is_pdf", lambda _: kind == "PDF")
    monkeypatch.setattr(decode, "is_pdf", lambda _: kind == "PDF")

    with pytest.raises(StorageFull, match="was emptied"):
        tasks.draw_page(
            WorkerContext(lambda name: ENGINES[name](), one_thread, Deadline.after(60)),
            page_ref=PageRef(gone, 0, 1), limits=Limits(), password=None,
            longest_px=1600,
        )  # fmt: skip
    with pytest.raises(StorageFull, match="was emptied"):
        tasks.count_pages(
            WorkerContext(lambda name: ENGINES[name](), one_thread, Deadline.after(60)),
            path=gone, limits=Limits(), password=None,
        )  # fmt: skip


def test_what_else_the_system_says_is_not_taken_for_that(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        render_with(FileNotFoundError(errno.ENOENT, "gone"), tmp_path)


def test_a_page_for_whose_picture_there_is_no_room_is_read_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page"
    path.write_bytes(as_file(draw_lines(SENTENCE), "PNG"))
    page_ref = PageRef(path, 0, 1, is_drawn=True)
    write_bytes = Path.write_bytes

    def write_half(to: Path, content: bytes) -> int:
        write_bytes(to, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(to))

    monkeypatch.setattr(Path, "write_bytes", write_half)

    reading = tasks.read_page(
        WorkerContext(lambda _name: ReadsWords("read"), one_thread, Deadline.after(60)),
        page_ref=page_ref, options=ReadOptions(), limits=Limits(), password=None,
        most_held_words=1000,
    )  # fmt: skip

    assert {word.text for word in reading.page.words} == {"read"}
    assert not page_ref.drawn_path.exists()


class KeepsPixels(ReadsWords):
    """Keeps the pixels of every canvas that it is to read."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        self.pixels = canvas.pixels
        return super().recognise(canvas, options, deadline)


@pytest.mark.parametrize(("kind", "dpi"), [("PNG", 400), ("PDF", 200)])
def test_the_resolution_asked_for_is_that_of_a_picture_and_the_most_of_a_pdf(
    kind: str, dpi: float, tmp_path: Path
) -> None:
    path = tmp_path / "page"
    path.write_bytes(as_file(draw_lines(SENTENCE), kind, resolution=100))
    width_px, height_px = draw_lines(SENTENCE).size

    read = tasks.read_page(
        WorkerContext(lambda _name: ReadsWords("read"), one_thread, Deadline.after(60)),
        page_ref=PageRef(path, 0, 1),
        options=ReadOptions(dpi=400),
        limits=Limits(pdf_dpi=400, max_pixels=4 * width_px * height_px),
        password=None,
        most_held_words=1000,
    ).page

    assert read.dpi == pytest.approx(dpi, rel=0.05)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "PDF"])
def test_a_page_under_coloured_ink_is_opened_again_in_colour(kind: str, tmp_path: Path) -> None:
    page = draw_lines(*[SENTENCE] * 5, mode="RGB", size_px=48)
    points = [(60 + 20 * k, 60 + 40 * (k % 2) + 4 * k) for k in range(40)]
    ImageDraw.Draw(page).line(points, fill=(40, 50, 170), width=7)
    path = tmp_path / "page"
    path.write_bytes(as_file(page, kind, resolution=300) if kind == "PDF" else as_file(page, kind))
    engine = KeepsPixels("read")

    read = tasks.read_page(
        WorkerContext(lambda _name: engine, one_thread, Deadline.after(60)),
        page_ref=PageRef(path, 0, 1),
        options=ReadOptions(skip_stages=tuple(name for name in STAGES if name != "marks")),
        limits=Limits(),
        password=None,
        most_held_words=1000,
    ).page

    pen = np.asarray(page)[..., 2].astype(int) - np.asarray(page)[..., 0] > 40
    assert {stage.name: stage.did for stage in read.stages}["marks"] == "marks wiped out"
    if kind != "PDF":  # it is drawn at another size
        assert np.median(engine.pixels[pen]) > 225
