"""Formats: a recognised document as text, data, hOCR and more, from one recognition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from ocr_server.document.model import Document
from ocr_server.export.alto import render_alto
from ocr_server.export.audio import render_audio
from ocr_server.export.csv import render_csv
from ocr_server.export.hocr import render_hocr
from ocr_server.export.html import render_html
from ocr_server.export.json import render_json, render_page
from ocr_server.export.markdown import render_markdown
from ocr_server.export.pdf.writer import render_pdf
from ocr_server.export.picture import render_png
from ocr_server.export.rendering import Rendering
from ocr_server.export.text import render_text
from ocr_server.export.training import render_training
from ocr_server.export.tsv import render_tsv

Render: TypeAlias = Callable[[Document, tuple[Path, ...], Rendering], Iterator[bytes]]
Needs: TypeAlias = Literal["", "tables", "confirmed"]


@dataclass(frozen=True, slots=True)
class Format:
    """A way for a document to leave: pieces of bytes, page by page where the format allows it.

    `shows_pictures`: the files of the upload are opened, by libraries that a hostile file may
    break, so `render` runs in a worker process. It raises FormatUnavailable where a file is
    missing or differs from the document in its sizes or pages, and DocumentError where one is
    broken.
    `one_page_each`: a file of it holds one page, so `render` takes a document of one.
    `needs`: `render` raises TableMissing for a document without a table, or FormatUnavailable for
    one none of whose lines a person has confirmed.
    `is_compressed`: to compress a file of it again in an archive costs time and gains nothing.
    `shows_alternatives`: what doubtful words may be instead is worth looking up.
    `label`: what a person would call it. `for_programs`: menus show it after the others.
    """

    media_type: str
    suffix: str
    meaning: str
    render: Render
    shows_pictures: bool = False
    one_page_each: bool = False
    needs: Needs = ""
    is_compressed: bool = False
    shows_alternatives: bool = False
    label: str = field(kw_only=True)
    for_programs: bool = False


def render_docx(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """A document for word processors; python-docx, of 7 MB, is loaded when the first is made."""
    from ocr_server.export import docx  # noqa: PLC0415

    return docx.render_docx(document, sources, rendering)


def render_xlsx(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """A workbook; XlsxWriter is loaded when the first is made."""
    from ocr_server.export import xlsx  # noqa: PLC0415

    return xlsx.render_xlsx(document, sources, rendering)


FORMATS: Mapping[str, Format] = {
    "json": Format(
        "application/json",
        "json",
        "pages, zones, lines and words with their places",
        render_json,
        shows_alternatives=True,
        label="JSON",
        for_programs=True,
    ),
    "text": Format(
        "text/plain; charset=utf-8",
        "txt",
        "the text in reading order",
        render_text,
        label="Text",
    ),
    "tsv": Format(
        "text/tab-separated-values; charset=utf-8",
        "tsv",
        "Tesseract's table",
        render_tsv,
        label="Table of words",
        for_programs=True,
    ),
    "hocr": Format(
        "text/vnd.hocr+html",
        "hocr",
        "hOCR 1.2",
        render_hocr,
        label="hOCR",
        for_programs=True,
    ),
    "alto": Format(
        "application/alto+xml",
        "alto.xml",
        "ALTO 4.4",
        render_alto,
        shows_alternatives=True,
        label="ALTO",
        for_programs=True,
    ),
    "pdf": Format(
        "application/pdf",
        "pdf",
        "the pages as they were sent, with text that can be searched",
        render_pdf,
        is_compressed=True,
        shows_pictures=True,
        label="Searchable PDF",
    ),
    "docx": Format(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
        "headings, paragraphs and tables for a word processor",
        render_docx,
        is_compressed=True,
        label="Word document",
    ),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
        "a sheet for each table",
        render_xlsx,
        is_compressed=True,
        needs="tables",
        label="Excel workbook",
    ),
    "csv": Format(
        "text/csv; charset=utf-8",
        "csv",
        "the tables, with an empty line between them",
        render_csv,
        needs="tables",
        label="Tables as CSV",
    ),
    "html": Format(
        "text/html; charset=utf-8",
        "html",
        "headings, paragraphs, lists and tables, a section for each page",
        render_html,
        label="Web page",
    ),
    "markdown": Format(
        "text/markdown; charset=utf-8",
        "md",
        "headings, paragraphs and tables",
        render_markdown,
        label="Markdown",
    ),
    "png": Format(
        "image/png",
        "png",
        "the picture of one page, with zones, lines and words drawn on it",
        render_png,
        is_compressed=True,
        shows_pictures=True,
        one_page_each=True,
        label="Picture with boxes",
    ),
    "audio": Format(
        "audio/wav",
        "wav",
        "the text read aloud, by a voice of the server (espeak-ng)",
        render_audio,
        label="Audio",
    ),
    "training": Format(
        "application/zip",
        "training.zip",
        "pictures and texts of the lines that a person has confirmed, to train from",
        render_training,
        is_compressed=True,
        shows_pictures=True,
        needs="confirmed",
        label="Confirmed lines",
        for_programs=True,
    ),
}
# What is sent of a document that is told page by page.
PAGE_IN_JSON = Format("application/json", "json", "a page", render_page, label="Page")
