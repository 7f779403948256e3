"""Whether a PDF page is read from its own text layer, by recognition, or by both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ocr_server.document.model import Page, StageRecord, TextSource
from ocr_server.job import Limits, ReadOptions, TextLayerUse
from ocr_server.pdf.text_extraction import STAGE, read_text_layer

_USED = "used instead of recognition"
_JOINED = "used, with what was recognised on the pictures"


def read_pdf_page(
    path: Path,
    index: int,
    *,
    number: int,
    options: ReadOptions,
    limits: Limits,
    password: str | None,
    recognise: Callable[[], Page],
) -> Page:
    """The page from its own text, from recognition, or from both.

    Text with a meaning is used; where pictures stand that it does not cover, the page is
    recognised as well, and they give the rest. The first stage tells what was found and done.
    Whoever asks for zones of a page wants them recognised.

    Raises:
        OcrServerError: the page cannot be read, and what `recognise` raises.
    """
    if options.text_layer is TextLayerUse.IGNORE or options.zones:
        return recognise()
    started_s = time.perf_counter()
    layer = read_text_layer(path, index, limits=limits, password=password, symbols=options.symbols)

    def record(did: str) -> StageRecord:
        return StageRecord.since(started_s, STAGE, layer.found, did)

    covers = layer.is_real and not layer.pictures
    if covers or options.text_layer is TextLayerUse.ONLY:
        return Page(
            number=number,
            width_px=layer.width_px,
            height_px=layer.height_px,
            dpi=layer.dpi,
            zones=layer.zones,
            stages=(record(_USED),),
            source=TextSource.TEXT_LAYER,
        )
    is_joined = layer.is_real
    stage = record(_JOINED if is_joined else "")
    page = recognise()
    page = replace(page, stages=(stage, *page.stages))
    if not is_joined:
        return page
    return replace(page, zones=layer.joined_by(page), source=TextSource.BOTH)
