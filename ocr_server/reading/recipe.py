"""How one page is read: `RECIPE` from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ocr_server.deadline import Deadline
from ocr_server.errors import DeadlinePassed
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.measures import Measures
from ocr_server.imaging.steps import AUTO, run_steps
from ocr_server.job import Reading
from ocr_server.model import Page, Stage
from ocr_server.reading.orientation import orientation, turn_if_upside_down, turn_upright
from ocr_server.reading.preparation import (
    add_margin,
    bring_letters_to_size,
    choose_psm,
    cut_out_sheet,
    even_out_shade,
    level_lines,
    make_ink_dark,
    wipe_grids,
)
from ocr_server.reading.retry import level_curled_lines, read_again, read_snippet_again
from ocr_server.reading.sheet import Report, Sheet, StageFunction
from ocr_server.recognition.engine import Engine


def read_text(sheet: Sheet) -> Report:
    """The first reading of the whole page."""
    take = sheet.read(sheet.canvas, psm=choose_psm(sheet))
    found = f"{len(take.words)} words with confidence {take.confidence:.0%}"
    return Report(sheet.with_take(take), found, "text read")


# Measured stage by stage on real pages. Each looks, decides from what it sees alone (never from
# the load or the clock, so that a page reads the same every time), and says what it found and
# did. Steps that many recommend and that lost here are not in it: any black-and-white, local
# contrast, sharpening, noise filters, Tesseract's orientation detection.
RECIPE: tuple[tuple[str, StageFunction], ...] = (
    ("polarity", make_ink_dark),
    ("orientation", turn_upright),
    ("rectify", cut_out_sheet),
    ("flatten", even_out_shade),
    ("deskew", level_lines),
    ("scale", bring_letters_to_size),
    ("rules", wipe_grids),
    ("margin", add_margin),
    ("read", read_text),
    ("line", read_snippet_again),
    ("upside-down", turn_if_upside_down),
    ("dewarp", level_curled_lines),
    ("retry", read_again),
)

_READ_ONLY: tuple[tuple[str, StageFunction], ...] = (("read", read_text),)


def read_page(
    canvas: Canvas, *, number: int, reading: Reading, engine: Engine, deadline: Deadline
) -> Page:
    """The page that `canvas`, fresh from its file, shows.

    Raises:
        OcrServerError: whatever the engine raises, and DeadlinePassed.
    """
    return read_by(RECIPE, canvas, number=number, reading=reading, engine=engine, deadline=deadline)


def read_by(
    recipe: Sequence[tuple[str, StageFunction]],
    canvas: Canvas,
    *,
    number: int,
    reading: Reading,
    engine: Engine,
    deadline: Deadline,
) -> Page:
    """The same by another recipe, such as one with a stage left out."""
    sheet = Sheet(Measures(canvas), reading, engine, deadline)
    if reading.steps == AUTO:
        sheet, stages = _follow(recipe, sheet)
    else:
        prepared, done = run_steps(
            canvas,
            reading.steps,
            deadline=deadline,
            with_engine={"orientation": lambda c: orientation(sheet.on(c))},
        )
        take = sheet.read(prepared, psm=reading.psm)
        sheet, stages = sheet.with_take(take), done
    take = sheet.best
    return Page(
        number=number,
        width_px=canvas.width_px,
        height_px=canvas.height_px,
        dpi=reading.dpi or canvas.dpi,
        zones=tuple(zone.mapped(take.canvas.to_page) for zone in take.zones),
        stages=stages,
    )


def _follow(
    recipe: Sequence[tuple[str, StageFunction]], sheet: Sheet
) -> tuple[Sheet, tuple[Stage, ...]]:
    stages: list[Stage] = []
    for name, stage in recipe:
        started_s = time.perf_counter()
        try:
            sheet.deadline.check()
            sheet, found, did = stage(sheet)
        except DeadlinePassed:
            if sheet.take is None:
                raise
            found, did = "left out, as the time was over", ""
        stages.append(Stage(name, found, did, (time.perf_counter() - started_s) * 1000))
    return sheet, tuple(stages)
