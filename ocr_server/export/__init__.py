"""Formats: a recognised document as text, data, hOCR and more, from one recognition."""

from __future__ import annotations

from collections.abc import Mapping

from ocr_server.export.format import Format
from ocr_server.export.hocr import render_hocr
from ocr_server.export.payload import render_json
from ocr_server.export.pdf import render_pdf
from ocr_server.export.text import render_text
from ocr_server.export.tsv import render_tsv

FORMATS: Mapping[str, Format] = {
    "json": Format(
        "application/json", "json", "pages, zones, lines and words with their places", render_json
    ),
    "text": Format("text/plain; charset=utf-8", "txt", "the text in reading order", render_text),
    "tsv": Format(
        "text/tab-separated-values; charset=utf-8", "tsv", "Tesseract's table", render_tsv
    ),
    "hocr": Format("text/vnd.hocr+html", "hocr", "hOCR 1.2", render_hocr),
    "pdf": Format(
        "application/pdf",
        "pdf",
        "the pages as they were sent, with text that can be searched",
        render_pdf,
        shows_pictures=True,
    ),
}
