"""Tables and documents as the HTML that some services answer with."""

from __future__ import annotations

from html import escape

from ocr_server.document.model import Document
from ocr_server.export.text import Block, Heading, Paragraph, Tabular, blocks_of, body_height_px


def html_table(block: Tabular) -> str:
    """A table of rows and cells."""
    rows = ("".join(f"<td>{_text(cell)}</td>" for cell in row) for row in block.rows)
    return f"<table><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"


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
