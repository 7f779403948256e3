"""Documents as the HTML that some services answer with."""

from __future__ import annotations

from html import escape

from ocr_server.document.model import Document
from ocr_server.export.blocks import (
    Block,
    Heading,
    Paragraph,
    Tabular,
    blocks_of,
    body_height_px,
)
from ocr_server.export.html import html_table


def html_page(document: Document) -> str:
    """A document of headings, paragraphs and tables."""
    body_px = body_height_px(document)
    blocks = (
        _element(block)
        for page in document.pages
        for block in blocks_of(page, body_px=body_px, join_lines=True)
    )
    head = '<!DOCTYPE html><html><head><meta charset="utf-8"></head>'
    return f"{head}<body>{''.join(blocks)}</body></html>"


def _element(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{_text(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{_text(text)}</p>"
        case Tabular():
            return html_table(block)


def _text(text: str) -> str:
    return escape(text, quote=False)
