"""How one page is read: `RECIPE` from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from ocr_server.deadline import Deadline
from ocr_server.errors import DeadlinePassed
from ocr_server.geometry import Box, Within, hull
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.measures import Measures
from ocr_server.imaging.quality import Result, judge
from ocr_server.imaging.steps import AUTO, run_steps
from ocr_server.job import PSM_OF_LAYOUT, Layout, Reading
from ocr_server.model import Line, Page, Stage, Word, Zone, ZoneKind
from ocr_server.progress import Progress, Tell, tell_nobody
from ocr_server.reading.arrangement import arrange_rows, arrange_tables
from ocr_server.reading.missed import read_missed_text
from ocr_server.reading.orientation import orientation, turn_if_upside_down, turn_upright
from ocr_server.reading.preparation import (
    add_margin,
    add_margin_always,
    bring_letters_to_size,
    choose_psm,
    cut_out_sheet,
    even_out_shade,
    level_lines,
    make_ink_dark,
    wipe_grids,
)
from ocr_server.reading.retry import level_curled_lines, read_again, read_snippet_again
from ocr_server.reading.second_reader import ask_second_reader
from ocr_server.reading.selection import drop_rubbish, keep_words
from ocr_server.reading.sheet import Report, Sheet, StageFunction, Take
from ocr_server.recognition.engine import Engine
from ocr_server.segmentation.parts import PAGES, Cutting, cut_parts
from ocr_server.sharing import Threads, one_thread

Recipe: TypeAlias = Sequence[tuple[str, StageFunction]]

LEFT_OUT = "left out, as asked"
TIME_OVER = "left out, as the time was over"

_SECOND_READER = "rapidocr"


def read_text(sheet: Sheet, *, cutting: Cutting = PAGES) -> Report:
    """The first reading of the whole page, in two parts where white runs through it."""
    psm = choose_psm(sheet)
    if psm != PSM_OF_LAYOUT[Layout.AUTO]:
        return _read(sheet, sheet.read(sheet.canvas, psm=psm))
    boxes = cut_parts(sheet.measures, x_height_px=sheet.x_height_px, cutting=cutting)
    return _read(replace(sheet, parts=len(boxes)), sheet.read_parts(boxes, psm=psm))


def read_as_asked(sheet: Sheet) -> Report:
    """The only reading where steps were asked for by name."""
    return _read(sheet, sheet.read(sheet.canvas, psm=sheet.reading.psm))


def leave_as_sent(sheet: Sheet) -> Report:
    """Say why there is no recipe."""
    return Report(sheet, "vertical writing, for which no stage is proved", "")


# Measured stage by stage on real pages. Each looks, decides from what it sees alone (never from
# the load or the clock, so that a page reads the same every time), and says what it found and
# did. Steps that many recommend and that lost here are not in it: any black-and-white, local
# contrast, sharpening, noise filters, Tesseract's orientation detection.
RECIPE: Recipe = (
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
    ("missed", read_missed_text),
    ("rows", arrange_rows),
    ("second-reader", ask_second_reader),
    ("tables", arrange_tables),
    ("junk", drop_rubbish),
)

# What may be left out of it.
STAGES = tuple(name for name, _ in RECIPE if name != "read")

# What each of them does, for a person who chooses what to leave out.
STAGE_LABELS: Mapping[str, str] = {
    "polarity": "Exchange light and dark",
    "orientation": "Turn upright",
    "rectify": "Cut out the sheet",
    "flatten": "Remove shadows",
    "deskew": "Straighten",
    "scale": "Bring the letters to size",
    "rules": "Wipe out grids",
    "margin": "Add a margin",
    "line": "Read as one line",
    "upside-down": "Turn what is upside down",
    "dewarp": "Level curled lines",
    "retry": "Read again what is poor",
    "missed": "Look for what was missed",
    "rows": "Join rows",
    "second-reader": "Ask the second reader",
    "tables": "Read tables row by row",
    "junk": "Drop guesses",
}

# Those that look for a fault of the picture: where one finds none, the picture is fine in that.
PICTURE_STAGES = ("polarity", "orientation", "rectify", "flatten", "deskew", "scale", "rules")

# For a rectangle that somebody drew: it is read as it is, and only looked at more closely.
ZONE_RECIPE: Recipe = (
    ("polarity", make_ink_dark),
    ("orientation", turn_upright),
    ("flatten", even_out_shade),
    ("deskew", level_lines),
    ("scale", bring_letters_to_size),
    ("rules", wipe_grids),
    ("margin", add_margin_always),
    ("read", read_text),
    ("line", read_snippet_again),
    ("retry", read_again),
    ("second-reader", ask_second_reader),
)

# The second reader alone finds lines by itself, of any size and on any ground, and has no layouts
# to try one after another.
SECOND_RECIPE: Recipe = (
    ("orientation", turn_upright),
    ("rectify", cut_out_sheet),
    ("deskew", level_lines),
    ("read", read_as_asked),
    ("upside-down", turn_if_upside_down),
)

# Nothing of the recipe is proved for vertical writing: rows of letters would look like columns.
VERTICAL_RECIPE: Recipe = (("recipe", leave_as_sent), ("read", read_text))


def read_page(
    canvas: Canvas,
    *,
    number: int,
    reading: Reading,
    engine: Engine,
    deadline: Deadline,
    threads: Threads = one_thread,
    tell: Tell = tell_nobody,
) -> Page:
    """The page that `canvas`, fresh from its file, shows.

    With more threads it is read sooner, not otherwise. Each stage is told when it begins, and each
    part when it has been read.

    Raises:
        OcrServerError: whatever the engine raises, and DeadlinePassed.
    """
    return read_by(
        _recipe_of(reading),
        canvas,
        number=number,
        reading=reading,
        engine=engine,
        deadline=deadline,
        threads=threads,
        tell=tell,
    )


def prepare_page(canvas: Canvas, *, reading: Reading, engine: Engine, deadline: Deadline) -> Canvas:
    """The canvas as it is read first, for whoever wants to see what was done to it.

    Raises:
        OcrServerError: as in `read_page`.
    """
    sheet = Sheet(Measures(canvas.squared()), reading, engine, deadline)
    if reading.steps != AUTO:
        return _run_asked_steps(sheet)[0]
    recipe = _proved(_recipe_of(reading), reading)
    names = [name for name, _ in recipe]
    return _follow(recipe[: names.index("read")], sheet)[0].canvas


def read_by(
    recipe: Recipe,
    canvas: Canvas,
    *,
    number: int,
    reading: Reading,
    engine: Engine,
    deadline: Deadline,
    threads: Threads = one_thread,
    tell: Tell = tell_nobody,
) -> Page:
    """The same by another recipe."""
    sheet = Sheet(Measures(canvas), reading, engine, deadline, threads=threads, tell=tell)
    answer = _read_asked_zones(sheet) if reading.zones else _read_sheet(recipe, sheet)
    zones = answer.zones
    if reading.min_confidence > 0:
        zones = tuple(keep_words(zones, lambda word: word.confidence >= reading.min_confidence))
    return Page(
        number=number,
        width_px=canvas.width_px,
        height_px=canvas.height_px,
        dpi=reading.dpi or canvas.dpi,
        zones=zones,
        stages=answer.stages,
        quality=judge(
            sheet.measures, Result.of(answer.words, engine=answer.engine or reading.engine)
        ),
    )


class _Answer(NamedTuple):
    """Zones in page pixels, the stages that led to them, all words that were read, and by whom."""

    zones: tuple[Zone, ...]
    stages: tuple[Stage, ...]
    words: tuple[Word, ...]
    engine: str | None = None


def _read_asked_zones(sheet: Sheet) -> _Answer:
    """Each rectangle that was asked for becomes one zone, exactly there, even if it is empty."""
    zones: list[Zone] = []
    stages: list[Stage] = []
    words: list[Word] = []
    for index, asked in enumerate(sheet.reading.zones, start=1):
        inside = asked.box.intersection(sheet.canvas.box)
        found = _Answer((), (Stage("read", "outside the picture", "", 0.0),), ())
        if inside is not None:
            reading = replace(
                sheet.reading,
                psm=asked.psm or sheet.reading.psm,
                alphabet=asked.alphabet or sheet.reading.alphabet,
            )
            part = replace(sheet.on(sheet.canvas.cropped(inside)), reading=reading)
            try:
                found = _read_sheet(ZONE_RECIPE, part)
            except DeadlinePassed:
                if not zones:
                    raise
                found = _Answer((), (Stage("read", TIME_OVER, "", 0.0),), ())
        words += found.words
        lines: list[Line] = []
        first = 0
        for zone in found.zones:
            lines += [replace(line, paragraph=line.paragraph + first) for line in zone.lines]
            first = lines[-1].paragraph + 1 if lines else 0
        zones.append(
            Zone(
                ZoneKind.TEXT, asked.box.quad(), tuple(lines),
                name=asked.name, engine=found.engine,
            )
        )  # fmt: skip
        label = asked.name or str(index)
        stages += [stage._replace(found=f"zone {label}: {stage.found}") for stage in found.stages]
    return _Answer(tuple(zones), tuple(stages), tuple(words))


def _proved(recipe: Recipe, reading: Reading) -> Recipe:
    """The recipe, where it may be followed: whatever it is, it is not for vertical writing."""
    is_vertical = any(language.endswith("_vert") for language in reading.languages)
    return VERTICAL_RECIPE if is_vertical else recipe


def _recipe_of(reading: Reading) -> Recipe:
    return SECOND_RECIPE if reading.engine == _SECOND_READER else RECIPE


def _read_sheet(recipe: Recipe, sheet: Sheet) -> _Answer:
    """The zones of a sheet in page pixels, by the recipe or by the steps that were asked for."""
    area = hull(sheet.canvas.box.quad().mapped(sheet.canvas.to_page))
    sheet = sheet.on(sheet.canvas.squared()) if sheet.canvas.aspect != 1 else sheet
    if sheet.reading.steps == AUTO:
        sheet, stages = _follow(_proved(recipe, sheet.reading), sheet)
    else:
        canvas, prepared = _run_asked_steps(sheet)
        sheet, read = _follow((("read", read_as_asked),), sheet.on(canvas))
        stages = prepared + read
    take = sheet.best
    zones = tuple(
        _within(area, replace(zone, engine=take.engine).mapped(take.canvas.to_page))
        for zone in take.zones
    )
    return _Answer(zones, stages, sheet.dropped or take.words, take.engine)


def _within(area: Box, zone: Zone) -> Zone:
    """The zone, none of it in the margin that was added."""
    is_inside = zone.box.intersection(area) == zone.box
    return zone if is_inside else zone.mapped(Within(area))


def _run_asked_steps(sheet: Sheet) -> tuple[Canvas, tuple[Stage, ...]]:
    return run_steps(
        sheet.canvas,
        sheet.reading.steps,
        deadline=sheet.deadline,
        with_engine={"orientation": lambda canvas: orientation(sheet.on(canvas))},
    )


def _read(sheet: Sheet, take: Take) -> Report:
    found = f"{len(take.words)} words with confidence {take.confidence:.0%}"
    return Report(sheet.with_take(take), found, "text read")


def _follow(recipe: Recipe, sheet: Sheet) -> tuple[Sheet, tuple[Stage, ...]]:
    stages: list[Stage] = []
    for name, stage in recipe:
        if name in sheet.reading.without:
            stages.append(Stage(name, LEFT_OUT, "", 0.0))
            continue
        started_s = time.perf_counter()
        sheet.tell(Progress(name, sheet.parts if sheet.take else 0, sheet.parts))
        try:
            sheet.deadline.check()
            sheet, found, did = stage(sheet)
        except DeadlinePassed:
            if sheet.take is None:
                raise
            found, did = TIME_OVER, ""
        stages.append(Stage(name, found, did, (time.perf_counter() - started_s) * 1000))
    return sheet, tuple(stages)
