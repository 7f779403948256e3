"""A page as Mistral's OCR answers it: Markdown, blocks with boxes, tables and confidences.

Source: Mistral AI, OpenAPI specification, OCRPageObject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, TypeAlias

from ocr_server.document.model import Page, Word, Zone, ZoneKind, hull_of
from ocr_server.document.roles import Role, Roles
from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph, Tabular, blocks_of
from ocr_server.export.html import html_table
from ocr_server.export.markdown import block_markdown, markdown_of, word_places

TABLE_WRITERS: Mapping[str, Callable[[Tabular], str]] = {
    "markdown": block_markdown,
    "html": html_table,
}
# The options that take heads or feet, with the numbers that stand beside them, out of the Markdown.
EXTRACTED: Mapping[str, Sequence[Role]] = {
    "extract_header": (Role.HEADER,),
    "extract_footer": (Role.FOOTER, Role.PAGE_NUMBER),
}
_RUNNING = {Role.HEADER: "header", Role.FOOTER: "footer", Role.PAGE_NUMBER: "footer"}
GRANULARITIES = ("page", "block", "word")
_SUFFIXES = {"markdown": "md", "html": "html"}
_USUAL_DPI = 200  # of a picture that says none: the client takes no null

Json: TypeAlias = dict[str, Any]  # as mixed as what Mistral answers


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What a page is to look like.

    `table_format` takes tables out of the Markdown, `extracted` the paragraphs of some roles.
    """

    table_format: str | None
    granularity: str | None
    with_blocks: bool
    extracted: frozenset[Role] = frozenset()


def page_of(page: Page, options: PageOptions, roles: Roles) -> Json:
    """A page of a document of these roles."""
    found = list(blocks_of(page, roles, join_lines=False))
    blocks = [block for block in found if _role(block) not in options.extracted]
    tables = _tables(blocks, options.table_format)
    links = {id(blocks[at]): f"[{table['id']}]({table['id']})" for at, table in tables.items()}
    markdown = markdown_of(blocks, lambda block: links.get(id(block)) or block_markdown(block))
    answer = {
        "index": page.number - 1,
        "markdown": markdown,
        "images": [],
        "tables": list(tables.values()),
        "hyperlinks": [],
        "header": _extracted(found, options, "extract_header"),
        "footer": _extracted(found, options, "extract_footer"),
        "dimensions": {
            "dpi": round(page.dpi or _USUAL_DPI),
            "height": page.height_px,
            "width": page.width_px,
        },
    }
    if options.with_blocks:
        answer["blocks"] = [
            _block(block, tables.get(at), options.granularity) for at, block in enumerate(blocks)
        ]
    if options.granularity and page.words:
        written = [block for at, block in enumerate(blocks) if at not in tables]
        answer["confidence_scores"] = _scores_of_page(page, written, markdown, options.granularity)
    return answer


def office_page(markdown: str) -> Json:
    """The page of a file that has text of its own: it has no size."""
    return {
        "index": 0, "markdown": markdown, "images": [], "tables": [], "hyperlinks": [],
        "header": None, "footer": None, "dimensions": None,
    }  # fmt: skip


def _role(block: Block) -> Role | None:
    return block.role if isinstance(block, Paragraph) else None


def _extracted(blocks: Iterable[Block], options: PageOptions, name: str) -> str | None:
    roles = options.extracted.intersection(EXTRACTED[name])
    texts = [block.text for block in blocks if isinstance(block, Paragraph) and block.role in roles]
    return "\n".join(texts) or None


def _tables(blocks: Sequence[Block], table_format: str | None) -> dict[int, Json]:
    """The tables that stand beside the Markdown, by their place among the blocks."""
    if table_format is None:
        return {}
    write, suffix = TABLE_WRITERS[table_format], _SUFFIXES[table_format]
    tables: dict[int, Json] = {}
    for at, block in enumerate(blocks):
        if isinstance(block, Tabular):
            name = f"tbl-{len(tables)}.{suffix}"
            tables[at] = {"id": name, "content": write(block), "format": table_format}
    return tables


def _block(block: Block, table: Json | None, granularity: str | None) -> Json:
    if isinstance(block, Tabular):
        kind, content = "table", table["content"] if table else block_markdown(block)
    else:
        kind, content = _kind(block), block.text
    box = hull_of(block.lines).rounded()
    names = ("top_left_x", "top_left_y", "bottom_right_x", "bottom_right_y")
    told = {"type": kind, "content": content, **dict(zip(names, box, strict=True))}
    if table:
        told["table_id"] = table["id"]
    if granularity == "block":
        average, least = _confidences(word for line in block.lines for word in line.words)
        told["confidence_scores"] = {
            "average_content_confidence_score": average,
            "minimum_content_confidence_score": least,
        }
    return told


def _kind(block: Heading | Paragraph | ListItem) -> str:
    match block:
        case Heading():
            return "title"
        case ListItem():
            return "list"
        case Paragraph(role=role):
            return _RUNNING.get(role, "text")


def _scores_of_page(page: Page, blocks: Iterable[Block], markdown: str, granularity: str) -> Json:
    average, least = _confidences(page.words)
    told: Json = {
        "average_page_confidence_score": average,
        "minimum_page_confidence_score": least,
    }
    if granularity == "word":
        zones = (
            Zone(
                ZoneKind.TEXT,
                block.lines[0].quad,
                block.lines,
                block.table if isinstance(block, Tabular) else None,
            )
            for block in blocks
        )
        written = replace(page, zones=tuple(zones))
        told["word_confidence_scores"] = [
            {"text": word.text, "confidence": round(word.confidence, 4), "start_index": begin}
            for word, (begin, _) in zip(written.words, word_places(written, markdown), strict=True)
        ]
    return told


def _confidences(words: Iterable[Word]) -> tuple[float, float]:
    confidences = [word.confidence for word in words]
    return round(fmean(confidences), 4), round(min(confidences), 4)
