"""Reading one page by a recipe: the whole of it, requested zones, or panes of several pages."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

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
from ocr_server.document.paragraphs import parted_at_sentences
from ocr_server.engines.engine import Engine
from ocr_server.errors import DeadlinePassed, InvalidOptions
from ocr_server.geometry import Box, Clamp, hull
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.operations import AUTO, run_operations
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions, ZoneSpec
from ocr_server.page.language_stage import language_of
from ocr_server.page.orientation import upright_canvas
from ocr_server.page.postprocessing import keep_words, with_ligatures
from ocr_server.page.quality import ReadingResult, assess_quality, with_shares_right
from ocr_server.page.recipe import (
    PREPARED_RECIPE,
    TIME_OVER,
    ZONE_RECIPE,
    Recipe,
    follow,
    recipe_for,
    recipe_for_languages,
)
from ocr_server.page.state import PageState, ReadContext
from ocr_server.page.written_down import advise_vertical, is_read_across


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
    recipe = recipe or recipe_for(context.engine)
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
        dpi=canvas.dpi,
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
    recipe = recipe_for_languages(recipe_for(context.engine), options)
    names = [name for name, _ in recipe]
    return follow(recipe[: names.index("read")], state)[0].canvas


def cut_zone(canvas: Canvas, spec: ZoneSpec) -> Canvas:
    """What lies in a requested zone, whose box is in pixels of the canvas.

    Raises:
        InvalidOptions: nothing of the page does.
    """
    inside = spec.box.intersection(canvas.box)
    if inside is None:
        sides = f"{spec.box.left:g}, {spec.box.top:g}, {spec.box.right:g}, {spec.box.bottom:g}"
        size = f"{canvas.width_px} × {canvas.height_px}"
        raise InvalidOptions(
            f"The zone {sides} lies outside the page, which has {size} pixels. Measure it on the "
            "page as it is shown upright, or send its box_percent.",
            field="zones",
            width_px=canvas.width_px,
            height_px=canvas.height_px,
        )
    return canvas.cropped(inside)


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
    """Read each requested rectangle as one zone with exactly its bounds, even if it is empty.

    Raises:
        InvalidOptions: one of them lies outside the page.
    """
    parts = [cut_zone(state.canvas, spec) for spec in state.options.zones]
    zones: list[Zone] = []
    stages: list[StageRecord] = []
    words: list[Word] = []
    languages: list[PageLanguage] = []
    advice: list[Advice] = []
    for index, (spec, part) in enumerate(zip(state.options.zones, parts, strict=True), start=1):
        try:
            found = _read_requested_zone(state, spec, part)
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


def _read_requested_zone(state: PageState, spec: ZoneSpec, part: Canvas) -> _Reading:
    options = replace(
        state.options,
        psm=spec.psm or state.options.psm,
        alphabet=spec.alphabet or state.options.alphabet,
    )
    return _read_state(ZONE_RECIPE, replace(state.on(part), options=options))


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


def _read_state(recipe: Recipe, state: PageState) -> _Reading:
    """Read by the recipe, or by the operations of the options, and map the zones to page pixels."""
    area = hull(state.canvas.box.quad().mapped(state.canvas.to_page))
    if state.canvas.pixel_aspect != 1:
        state = state.on(state.canvas.with_square_pixels())
    if state.options.operations == AUTO:
        whole = state
        recipe = recipe_for_languages(recipe, state.options)
        state, stages = follow(recipe, whole)
        if state.panes:
            return _read_panes(recipe, state, stages)
        if state.starts_over:
            again = replace(whole, options=state.options, language=state.language)
            state, more = follow(recipe_for_languages(recipe, state.options), again)
            stages += more
    else:
        canvas, prepared = _run_requested_operations(state)
        state, read = follow(PREPARED_RECIPE, state.on(canvas))
        stages = prepared + read
    best = state.best
    name, to_page = _name_of(best.engine, state), best.canvas.to_page
    found = map(with_ligatures, best.zones) if "frk" in state.options.languages else best.zones
    parted = (
        zone if zone.table else replace(zone, lines=parted_at_sentences(zone.lines))
        for zone in found
    )  # fmt: skip
    told = (with_shares_right(zone, best.engine.calibration) for zone in parted)
    zones = tuple(_within(area, replace(zone, engine=name).mapped(to_page)) for zone in told)
    languages = state.language.codes if state.language else state.options.languages
    advice = [state.language_advice] if state.language_advice else []
    if is_read_across(best.zones):
        advice.append(advise_vertical(languages[0], state.options.installed))
    return _Reading(
        zones, stages, state.dropped or best.words, best.engine,
        languages=(state.language,) if state.language else (),
        advice=tuple(advice),
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
