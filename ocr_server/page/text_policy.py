"""Whether a PDF page is read from its own text layer, by recognition, or by both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ocr_server.document.model import Page, Quality, StageRecord, TextSource
from ocr_server.job import Limits, ReadOptions, TextLayerUse
from ocr_server.page.layer_order import in_columns
from ocr_server.page.layer_verdict import LayerVerdict, band_reader, judge_layer, warn_of
from ocr_server.page.state import ReadContext
from ocr_server.pdf.text_extraction import STAGE, read_text_layer

_USED = "used instead of recognition"
_JOINED = "used, with what was recognised where it says nothing"
_NOT_USED = "not used, recognised instead"
_DOUBTED = 0.5  # confidence of a doubtful layer that is used because the request wants it


class Recognise(Protocol):
    """Recognises the page as it is shown or, without `has_text`, without what it has as text."""

    def __call__(self, *, has_text: bool = True) -> Page:
        """The page, read by the engine."""
        ...


def read_pdf_page(
    path: Path,
    index: int,
    *,
    number: int,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
    context: Callable[[], ReadContext],
    recognise: Recognise,
) -> Page:
    """The page from its text layer, from recognition, or from both; in page pixels.

    A layer that agrees with the picture is used. If it does not cover all letters and pictures,
    the page is recognised without its text, and the rest is taken from that. Of a doubtful layer, a
    few lines are read by the engine of `context` for comparison. The first stage of the page tells
    what was found and done. Requested zones are always recognised.

    Raises:
        OcrServerError: the page cannot be opened, and any error of `recognise` and the engine.
    """
    if options.text_layer is TextLayerUse.IGNORE or options.zones:
        return recognise()
    started_s = time.perf_counter()
    layer = read_text_layer(path, index, limits=limits, password=password, symbols=options.symbols)
    if options.text_layer is TextLayerUse.ONLY:
        believed = layer.with_confidence(_DOUBTED) if layer.doubts else layer
        verdict = LayerVerdict(
            replace(believed, pictures=(), rows=()),
            is_believed=True,
            warnings=warn_of(layer, is_compared=False),
        )
    else:
        read_bands = band_reader(
            path, index, options=options, limits=limits, password=password, context=context
        )
        verdict = judge_layer(layer, read_bands, options.languages)
    found = "; ".join(filter(None, (layer.found, verdict.reason)))
    did_not = _NOT_USED if layer.words else ""
    layer = verdict.layer.in_order(in_columns)

    def record(did: str) -> StageRecord:
        return StageRecord.since(started_s, STAGE, found, did)

    if not verdict.is_believed:
        stage = record(did_not)
        page = recognise()
        return replace(page, stages=(stage, *page.stages))
    if not (layer.pictures or layer.rows):
        page = Page(
            number=number,
            width_px=layer.width_px,
            height_px=layer.height_px,
            dpi=layer.dpi,
            zones=layer.zones,
            stages=(record(_USED),),
            source=TextSource.TEXT_LAYER,
        )
        return _with_warnings(page, verdict)
    stage = record(_JOINED)
    page = recognise(has_text=layer.has_nameless)
    page = replace(
        page,
        zones=layer.joined_by(page),
        stages=(stage, *page.stages),
        source=TextSource.BOTH,
    )
    return _with_warnings(page, verdict)


def _with_warnings(page: Page, verdict: LayerVerdict) -> Page:
    if not verdict.warnings:
        return page
    quality = page.quality or Quality(page.confidence)
    problems = (*quality.problems, *verdict.warnings)
    return replace(page, quality=replace(quality, problems=problems))
