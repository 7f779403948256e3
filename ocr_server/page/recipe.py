"""How one page is read: `RECIPE`, a list of stages, run from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from ocr_server.document.model import (
    Advice,
    Line,
    Page,
    PageLanguage,
    StageOutcome,
    StageRecord,
    Word,
    Zone,
    ZoneKind,
    are_handwritten,
)
from ocr_server.engines.engine import Engine
from ocr_server.errors import DeadlinePassed
from ocr_server.geometry import Box, Clamp, hull
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.operations import AUTO, run_operations
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions, ZoneSpec
from ocr_server.page.combs import read_combs
from ocr_server.page.labels import put_labels, read_line_numbers, read_turned_lines
from ocr_server.page.language_stage import language_of, settle_language
from ocr_server.page.long_s import mend_long_s
from ocr_server.page.mixed_languages import read_other_languages
from ocr_server.page.orientation import turn_if_upside_down, turn_upright, upright_canvas
from ocr_server.page.postprocessing import (
    arrange_rows,
    arrange_tables,
    drop_noise,
    keep_words,
    read_missing_text,
    with_ligatures,
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
from ocr_server.page.quality import ReadingResult, assess_quality, with_shares_right
from ocr_server.page.reading import read_once
from ocr_server.page.rereading import dewarp_page, reread_doubtful, reread_snippet
from ocr_server.page.script import is_vertical
from ocr_server.page.second_opinion import ask_second_opinion, read_for_the_first_time
from ocr_server.page.state import PageState, ReadContext, StageFunction, StageResult
from ocr_server.page.word_gaps import part_words

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
    ("gaps", for_first_engine(part_words)),
    ("labels", put_labels),
    ("tables", arrange_tables),
    ("long-s", mend_long_s),
    ("junk", drop_noise),
)

# Stages of `RECIPE` that the option `without` accepts.
STAGES = tuple(name for name, _ in RECIPE if name != "read")

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
    ("gaps", for_first_engine(part_words)),
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


def read_page(
    canvas: Canvas,
    *,
    number: int,
    options: ReadOptions,
    context: ReadContext,
    recipe: Recipe | None = None,
) -> Page:
    """Read the page that `canvas` shows, by `recipe` or by the one that suits the engine.

    The zones of `options` and of the result are in pixels of the canvas. More threads read faster,
    with the same result. Progress is reported when a stage begins and when a part has been read.

    Raises:
        DeadlinePassed: the time is over before the first reading is complete.
        OcrServerError: any other error of the engine.
    """
    state = PageState(ImageStatistics(canvas), options, context)
    recipe = recipe or _recipe_for(context.engine)
    answer = _read_requested_zones(state) if options.zones else _read_state(recipe, state)
    zones = answer.zones
    if options.min_confidence > 0:
        zones = tuple(keep_words(zones, lambda word: word.confidence >= options.min_confidence))
    quality = assess_quality(
        state.statistics,
        ReadingResult.of(answer.words, (answer.engine or context.engine).calibration),
        handwritten=are_handwritten([line for zone in zones for line in zone.lines]),
    )
    return Page(
        number=number,
        width_px=canvas.width_px,
        height_px=canvas.height_px,
        dpi=options.dpi or canvas.dpi,
        zones=zones,
        stages=answer.stages,
        quality=replace(quality, problems=quality.problems + answer.advice),
        language=language_of(answer.languages, options),
    )


def prepare_page(canvas: Canvas, *, options: ReadOptions, context: ReadContext) -> Canvas:
    """The canvas as the engine reads it first, after all stages or operations before the reading.

    Raises:
        DeadlinePassed: the time is over.
        OcrServerError: any other error of the engine, which may read parts to find the orientation.
    """
    state = PageState(ImageStatistics(canvas.with_square_pixels()), options, context)
    if options.operations != AUTO:
        return _run_requested_operations(state)[0]
    recipe = _recipe_for_languages(_recipe_for(context.engine), options)
    names = [name for name, _ in recipe]
    return _follow(recipe[: names.index("read")], state)[0].canvas


class _Reading(NamedTuple):
    """Zones in page pixels, records of the stages, all words read, and the engine of the zones.

    `languages` and `advice` are what was found of the language of each part.
    """

    zones: tuple[Zone, ...]
    stages: tuple[StageRecord, ...]
    words: tuple[Word, ...]
    engine: Engine | None = None
    languages: tuple[PageLanguage, ...] = ()
    advice: tuple[Advice, ...] = ()


def _read_requested_zones(state: PageState) -> _Reading:
    """Read each requested rectangle as one zone with exactly its bounds, even if it is empty."""
    zones: list[Zone] = []
    stages: list[StageRecord] = []
    words: list[Word] = []
    languages: list[PageLanguage] = []
    advice: list[Advice] = []
    for index, spec in enumerate(state.options.zones, start=1):
        try:
            found = _read_requested_zone(state, spec)
        except DeadlinePassed:
            if not zones:
                raise
            late = StageRecord("read", TIME_OVER, "", 0.0, StageOutcome.OUT_OF_TIME)
            found = _Reading((), (late,), ())
        words += found.words
        languages += found.languages
        advice += found.advice
        lines: list[Line] = []
        next_paragraph = 0
        for zone in found.zones:
            lines += [
                replace(line, paragraph=line.paragraph + next_paragraph) for line in zone.lines
            ]
            next_paragraph = lines[-1].paragraph + 1 if lines else 0
        zones.append(
            Zone(
                ZoneKind.TEXT, spec.box.quad(), tuple(lines),
                name=spec.name, engine=_name_of(found.engine, state),
            )
        )  # fmt: skip
        label = spec.name or str(index)
        stages += [stage._replace(found=f"zone {label}: {stage.found}") for stage in found.stages]
    return _Reading(
        tuple(zones),
        tuple(stages),
        tuple(words),
        None,
        tuple(languages),
        tuple(dict.fromkeys(advice)),
    )


def _read_requested_zone(state: PageState, spec: ZoneSpec) -> _Reading:
    inside = spec.box.intersection(state.canvas.box)
    if inside is None:
        outside = StageRecord("read", "outside the picture", "", 0.0, StageOutcome.NOT_NEEDED)
        return _Reading((), (outside,), ())
    options = replace(
        state.options,
        psm=spec.psm or state.options.psm,
        alphabet=spec.alphabet or state.options.alphabet,
    )
    part = replace(state.on(state.canvas.cropped(inside)), options=options)
    return _read_state(ZONE_RECIPE, part)


def _read_panes(recipe: Recipe, state: PageState, stages: tuple[StageRecord, ...]) -> _Reading:
    """Read each pane by the stages that are left, as a page of its own."""
    readings: list[_Reading] = []
    for number, box in enumerate(state.panes, start=1):
        part = replace(state.on(state.canvas.cropped(box)), panes=())
        try:
            found = _read_state(recipe[len(stages) :], part)
        except DeadlinePassed:
            if not readings:
                raise
            late = StageRecord("read", TIME_OVER, "", 0.0, StageOutcome.OUT_OF_TIME)
            found = _Reading((), (late,), ())
        told = (stage._replace(found=f"pane {number}: {stage.found}") for stage in found.stages)
        readings.append(found._replace(stages=tuple(told)))
    return _Reading(
        tuple(zone for one in readings for zone in one.zones),
        (*stages, *(stage for one in readings for stage in one.stages)),
        tuple(word for one in readings for word in one.words),
        readings[0].engine,
        tuple(language for one in readings for language in one.languages),
        tuple(dict.fromkeys(advice for one in readings for advice in one.advice)),
    )


def _name_of(engine: Engine | None, state: PageState) -> str | None:
    """The engine's name for `Zone.engine`; None unless two engines are in use."""
    return engine.name if engine and state.context.second_engine else None


def _recipe_for_languages(recipe: Recipe, options: ReadOptions) -> Recipe:
    """`recipe`, or `VERTICAL_RECIPE` if one of the languages is written vertically."""
    return VERTICAL_RECIPE if any(map(is_vertical, options.languages)) else recipe


def _recipe_for(engine: Engine) -> Recipe:
    return LINE_DETECTOR_RECIPE if engine.finds_lines else RECIPE


def _read_state(recipe: Recipe, state: PageState) -> _Reading:
    """Read by the recipe, or by the operations of the options, and map the zones to page pixels."""
    area = hull(state.canvas.box.quad().mapped(state.canvas.to_page))
    if state.canvas.pixel_aspect != 1:
        state = state.on(state.canvas.with_square_pixels())
    if state.options.operations == AUTO:
        whole = state
        recipe = _recipe_for_languages(recipe, state.options)
        state, stages = _follow(recipe, whole)
        if state.panes:
            return _read_panes(recipe, state, stages)
        if state.starts_over:
            again = replace(whole, options=state.options, language=state.language)
            state, more = _follow(_recipe_for_languages(recipe, state.options), again)
            stages += more
    else:
        canvas, prepared = _run_requested_operations(state)
        state, read = _follow(PREPARED_RECIPE, state.on(canvas))
        stages = prepared + read
    best = state.best
    name, to_page = _name_of(best.engine, state), best.canvas.to_page
    found = map(with_ligatures, best.zones) if "frk" in state.options.languages else best.zones
    told = (with_shares_right(zone, best.engine.calibration) for zone in found)
    zones = tuple(_within(area, replace(zone, engine=name).mapped(to_page)) for zone in told)
    return _Reading(
        zones, stages, state.dropped or best.words, best.engine,
        languages=(state.language,) if state.language else (),
        advice=(state.language_advice,) if state.language_advice else (),
    )  # fmt: skip


def _within(area: Box, zone: Zone) -> Zone:
    """The zone clipped to `area` in page pixels, so that no part lies in an added margin."""
    is_inside = zone.box.intersection(area) == zone.box
    return zone if is_inside else zone.mapped(Clamp(area))


def _run_requested_operations(state: PageState) -> tuple[Canvas, tuple[StageRecord, ...]]:
    return run_operations(
        state.canvas,
        state.options.operations,
        deadline=state.context.deadline,
        with_engine={"orientation": lambda canvas: upright_canvas(state.on(canvas))},
    )


def _follow(recipe: Recipe, state: PageState) -> tuple[PageState, tuple[StageRecord, ...]]:
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
            if state.candidate is None or state.unread:
                raise
            late = StageRecord.since(started_s, name, TIME_OVER, "")
            records.append(late._replace(outcome=StageOutcome.OUT_OF_TIME))
            continue
        engine_s = clock.spent_s - before_s
        records.append(StageRecord.since(started_s, name, found, did, engine_s=engine_s))
        if state.panes or state.starts_over:
            break
    return state, tuple(records)
