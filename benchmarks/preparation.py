"""What a clean page costs before it is read, in starts of `tesseract`, the least unit there is."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import cv2

from benchmarks.pictures import draw
from benchmarks.report import Section, Target
from ocr_server.deadline import Deadline
from ocr_server.job import Limits, ReadOptions
from ocr_server.page.reading import prepare_page
from ocr_server.page.state import ReadContext
from ocr_server.sources.decode import decode_page

TIMEOUT_S = 60
MOST_STARTS = 11.0


def preparation(*, rounds: int) -> Section:
    """Decoding and preparing an A4 page of 300 dpi, by turns with `tesseract --version`."""
    # One thread, as in a worker.
    cv2.setNumThreads(1)
    ours, starts = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.jpg"
        path.write_bytes(draw("page").data)
        for _ in range(rounds):
            starts.append(_seconds_of_a_start())
            ours.append(_seconds_to_prepare(path))
    # The least of each: what else runs on the machine only ever adds.
    ours_s, start_s = min(ours), min(starts)
    rows = ((ours_s * 1000, start_s * 1000, ours_s / start_s),)
    columns = ("decoded and prepared in ms", "`tesseract --version` ms", "ratio")
    target = Target("decoding and preparation ÷ a start", ours_s / start_s, most=MOST_STARTS)
    return Section("Before a clean A4 page is read", columns, rows, (target,))


def _seconds_to_prepare(path: Path) -> float:
    begun_s = time.perf_counter()
    canvas = decode_page(path, 0, limits=Limits(), password=None, grey=True)
    prepare_page(
        canvas,
        options=ReadOptions(),
        # The engine is not asked about a page that lies upright.
        context=ReadContext.of("tesserocr", Deadline.after(TIMEOUT_S)),
    )
    return time.perf_counter() - begun_s


def _seconds_of_a_start() -> float:
    begun_s = time.perf_counter()
    subprocess.run(["tesseract", "--version"], capture_output=True, check=True)  # noqa: S607
    return time.perf_counter() - begun_s
