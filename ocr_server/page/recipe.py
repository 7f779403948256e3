"""How one page is read: `RECIPE`, a list of stages, run from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ocr_server.document.model import StageOutcome, StageRecord
from ocr_server.engines.engine import Engine
from ocr_server.errors import DeadlinePassed
from ocr_server.job import ReadOptions
from ocr_server.page.bullets import read_bullets
from ocr_server.page.combs import read_combs
from ocr_server.page.first_reading import read_once
from ocr_server.page.labels import put_labels, read_line_numbers, read_turned_lines
from ocr_server.page.language_band import is_vertical
from ocr_server.page.language_stage import settle_language
from ocr_server.page.long_s import mend_long_s
from ocr_server.page.missing_text import read_missing_text
from ocr_server.page.mixed_languages import read_other_languages
from ocr_server.page.orientation import turn_if_upside_down, turn_upright
from ocr_server.page.postprocessing import (
    arrange_rows,
    arrange_tables,
    drop_noise,
)
from ocr_server.page.preprocessing import (
    add_margin,
    add_margin_always,
    deskew_page,
    divide_panes,
    flatten_shade,
    lighten_banners,
    make_ink_dark,
    part_marks,
    rectify_page,
    remove_grids,
    scale_letters,
)
from ocr_server.page.rereading import dewarp_page, reread_doubtful, reread_snippet
from ocr_server.page.second_opinion import ask_second_opinion, read_for_the_first_time
from ocr_server.page.state import PageState, StageFunction, StageResult
from ocr_server.page.word_gaps import close_up_stops, part_words

Recipe: TypeAlias = Sequence[tuple[str, StageFunction]]

LEFT_OUT = "left out, as asked"
TIME_OVER = "left out, as the time was over"


def for_first_engine(stage: StageFunction) -> StageFunction:
    """The stage, for pages whose best reading is by the first engine.

    The second one finds lines on curled and shaded pages, and its text is in reading order.
    """

    def run(state: PageState) -> StageResult:
        if state.best.engine is not state.context.engine:
            return StageResult(state, "read by the second reader")
        return stage(state)

    return run


def skip_recipe(state: PageState) -> StageResult:
    """Record that most of the recipe is skipped: vertical writing."""
    return StageResult(state, "vertical writing, for which no other stage was tested", "")


# Each stage was measured on real pages. It examines the page, decides from the page alone (never
# from the load or the clock, so that a page always gives the same result), and returns what it
# found and did. Some steps that are often recommended made results worse and are left out:
# binarization, local contrast, sharpening, noise filters, Tesseract's orientation detection.
RECIPE: Recipe = (
    ("panes", divide_panes),
    ("banners", lighten_banners),
    ("marks", part_marks),
    ("polarity", make_ink_dark),
    ("orientation", turn_upright),
    ("rectify", rectify_page),
    ("flatten", flatten_shade),
    ("deskew", deskew_page),
    ("combs", read_combs),
    ("scale", scale_letters),
    ("rules", remove_grids),
    ("turned", read_turned_lines),
    ("numbers", read_line_numbers),
    ("margin", add_margin),
    ("read", read_for_the_first_time),
    ("language", settle_language),
    ("other-languages", read_other_languages),
    ("line", reread_snippet),
    ("upside-down", turn_if_upside_down),
    ("second-reader", ask_second_opinion),
    ("dewarp", for_first_engine(dewarp_page)),
    ("retry", for_first_engine(reread_doubtful)),
    ("missed", for_first_engine(read_missing_text)),
    ("rows", for_first_engine(arrange_rows)),
    ("bullets", for_first_engine(read_bullets)),
    ("gaps", for_first_engine(part_words)),
    ("labels", put_labels),
    ("tables", arrange_tables),
    ("stops", close_up_stops),
    ("long-s", mend_long_s),
    ("junk", drop_noise),
)

# Stages of `RECIPE` that the option `without` accepts.
STAGES = tuple(name for name, _ in RECIPE if name != "read")

# What each stage does, for the person who chooses which to leave out.
STAGE_LABELS: Mapping[str, str] = {
    "panes": "Divide what is several pages",
    "banners": "Lighten grey areas",
    "marks": "Wipe out marks over the text",
    "polarity": "Exchange light and dark",
    "orientation": "Turn upright",
    "rectify": "Cut out the sheet",
    "flatten": "Remove shadows",
    "deskew": "Straighten",
    "combs": "Read letters in boxes",
    "scale": "Bring the letters to size",
    "rules": "Wipe out grids",
    "turned": "Read what stands on its side",
    "numbers": "Read numbers of lines",
    "margin": "Add a margin",
    "language": "Find the language",
    "other-languages": "Read parts in other languages",
    "line": "Read as one line",
    "upside-down": "Turn what is upside down",
    "second-reader": "Ask the second reader",
    "dewarp": "Level curled lines",
    "retry": "Read again what is poor",
    "missed": "Look for what was missed",
    "rows": "Join rows",
    "bullets": "Read bullets of lists",
    "gaps": "Part words at wide gaps",
    "labels": "Put in place what was read apart",
    "tables": "Read tables row by row",
    "stops": "Close up commas that stand apart",
    "long-s": "Mend long s that was read as f",
    "junk": "Drop guesses",
}

# Stages that look for a fault of the picture; one that finds none tells that the picture is fine in
# that respect.
PICTURE_STAGES = (
    "marks", "polarity", "orientation", "rectify", "flatten", "deskew", "scale", "rules",
)  # fmt: skip

# For a rectangle that the caller drew: it is neither rectified nor dewarped, and no text is looked
# for beside what was read.
ZONE_RECIPE: Recipe = (
    ("marks", part_marks),
    ("polarity", make_ink_dark),
    ("orientation", turn_upright),
    ("flatten", flatten_shade),
    ("deskew", deskew_page),
    ("scale", scale_letters),
    ("rules", remove_grids),
    ("margin", add_margin_always),
    ("read", read_for_the_first_time),
    ("language", settle_language),
    ("line", reread_snippet),
    ("second-reader", ask_second_opinion),
    ("retry", for_first_engine(reread_doubtful)),
    ("bullets", for_first_engine(read_bullets)),
    ("gaps", for_first_engine(part_words)),
    ("stops", close_up_stops),
    ("long-s", mend_long_s),
)

# For engines that find lines themselves (rapidocr): they read letters of any size on any
# background, and have no page segmentation modes to try.
LINE_DETECTOR_RECIPE: Recipe = (
    ("orientation", turn_upright),
    ("rectify", rectify_page),
    ("deskew", deskew_page),
    ("read", read_once),
    ("language", settle_language),
    ("upside-down", turn_if_upside_down),
    ("stops", close_up_stops),
    ("long-s", mend_long_s),
)

# For canvases on which the requested operations were carried out.
PREPARED_RECIPE: Recipe = (("read", read_once), ("language", settle_language))

# For vertical writing, on which no other stage was tested: its columns would be taken for rows.
VERTICAL_RECIPE: Recipe = (
    ("recipe", skip_recipe),
    ("read", read_for_the_first_time),
    ("second-reader", ask_second_opinion),
)


def recipe_for(engine: Engine) -> Recipe:
    """The recipe that suits an engine."""
    return LINE_DETECTOR_RECIPE if engine.finds_lines else RECIPE


def recipe_for_languages(recipe: Recipe, options: ReadOptions) -> Recipe:
    """`recipe`, or `VERTICAL_RECIPE` if one of the languages is written vertically."""
    return VERTICAL_RECIPE if any(map(is_vertical, options.languages)) else recipe


def follow(recipe: Recipe, state: PageState) -> tuple[PageState, tuple[StageRecord, ...]]:
    """Run the stages; once there is a reading, a stage that runs out of time is left out.

    Raises:
        DeadlinePassed: the time is over before there is a reading.
    """
    records: list[StageRecord] = []
    for name, stage in recipe:
        if name in state.options.skip_stages:
            records.append(StageRecord(name, LEFT_OUT, "", 0.0, StageOutcome.SKIPPED))
            continue
        started_s = time.perf_counter()
        done = state.parts if state.candidate else 0
        state.context.report(name, done, state.parts)
        clock = state.context.engine_clock
        before_s = clock.spent_s
        try:
            state.context.deadline.check()
            state, found, did = stage(state)
        except DeadlinePassed:
            if state.candidate is None or state.strip:
                raise
            late = StageRecord.since(started_s, name, TIME_OVER, "")
            records.append(late._replace(outcome=StageOutcome.OUT_OF_TIME))
            continue
        engine_s = clock.spent_s - before_s
        records.append(StageRecord.since(started_s, name, found, did, engine_s=engine_s))
        if state.panes or state.starts_over:
            break
    return state, tuple(records)
