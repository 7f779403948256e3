"""What memory a worker holds that reads photographs all day with both readers.

    python -m benchmarks.memory [--count 300] [--engine best]

One worker reads drawn photographs of signs that Tesseract is in doubt about, every tenth of 12
megapixels, the others of all sizes up to 2. Told is the worker's resident memory, and its peak;
what a `tesseract` process holds beside it for a moment is not in it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.page_files import PageRef
from ocr_server.job import Limits, ReadOptions
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.runtime.worker_context import WorkerContext
from ocr_server.settings import Settings
from ocr_server.tasks import read_page

LARGE_PX, SIDES_PX = (4000, 3000), (600, 1600)
TIMEOUT_S = 120.0
MIB = 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, weigh, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--engine", default="auto")
    asked = parser.parse_args(arguments)
    workers = ProcessWorkerPool(replace(Settings.from_environment(), slots=1))
    held: list[int] = []
    peaks: list[int] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(asked.count):
                path = Path(folder) / "picture.jpg"
                draw_photograph(number).save(path, "JPEG")
                now, peak, by = workers.run(
                    weigh, Deadline.after(TIMEOUT_S), threading.Event(),
                    path=path, engine=asked.engine,
                )  # fmt: skip
                held.append(now)
                peaks.append(peak)
                if number % 10 == 0:
                    print(f"{number + 1:4} pictures: {now} MB, at most {peak} MB, by {by}")
    finally:
        workers.close()
    third = max(1, asked.count // 3)
    print(
        f"In the mean {sum(held[:third]) // third} MB in the first third, "
        f"{sum(held[-third:]) // third} MB in the last; at most {max(peaks)} MB. "
        f"{workers.restarts} workers were replaced."
    )
    return 0


def weigh(desk: WorkerContext, *, path: Path, engine: str) -> tuple[int, int, str]:
    """Read a picture; then what this process holds, its peak, both in MB, and who read it."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew: proc(5)
    page = read_page(
        desk, page_ref=PageRef(path, 0, 1), options=ReadOptions(engine=engine), limits=Limits(),
        password=None, most_held_words=Limits().max_words,
    ).page  # fmt: skip
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, peak = (int(status[name].split()[0]) // MIB for name in ("VmRSS", "VmHWM"))
    return now, peak, ", ".join(sorted({zone.engine or engine for zone in page.zones}))


def draw_photograph(number: int) -> Image.Image:
    """Signs with a few words at odd places on a coarse ground; the same for the same number."""
    chance = random.Random(number)  # noqa: S311  # drawn, not secret
    size = (chance.randint(*SIDES_PX), chance.randint(*SIDES_PX))
    if number % 10 == 0:
        size = LARGE_PX
    coarse = np.random.default_rng(number).integers(60, 200, (24, 32), np.uint8)
    picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    for _ in range(12):
        font = ImageFont.load_default(chance.randint(size[1] // 40, size[1] // 16))
        text = f"{chance.choice(('EXIT', 'Room', 'Gate', 'Platform'))} {chance.randint(10, 999)}"
        left, top, right, bottom = font.getbbox(text)
        sign = Image.new("L", (round(right - left) + 20, round(bottom - top) + 20), 230)
        ImageDraw.Draw(sign).text((10 - left, 10 - top), text, fill=60, font=font)
        sign = sign.rotate(chance.uniform(-6, 6), expand=True, fillcolor=120)
        picture.paste(sign, (chance.randint(0, size[0]), chance.randint(0, size[1])))
    return picture


if __name__ == "__main__":
    sys.exit(main())
