"""A file that has text of its own as Azure Document Intelligence tells it: spans without polygons.

Source: Azure AI Document Intelligence REST API 2024-11-30, AnalyzeResult of Office and HTML files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from ocr_server.export.blocks import Block, Heading, Tabular
from ocr_server.export.markdown import block_markdown, escaped
from ocr_server.export.text import blocks_text
from ocr_server.office.plain import PlainBlock
from ocr_server.web.compat.azure_result import ResultOptions, offsets_of

Json: TypeAlias = dict[str, Any]  # as mixed as what Azure answers


def office_result_of(plain: Iterable[PlainBlock], options: ResultOptions) -> bytes:
    """The JSON of the result: one page with all words, paragraphs and, of a layout, tables.

    Each paragraph and cell is a line too, as clients that ask for pages take the text of lines.
    """
    blocks = [block for one in plain for block in one.blocks()]
    is_markdown = options.content_format == "markdown"
    gap = "\n\n" if is_markdown else "\n"
    pieces = [block_markdown(one) if is_markdown else blocks_text([one]) for one in blocks]
    content = gap.join(pieces)
    told = _Told(content, offsets_of(content, options.string_index_type, 0), is_markdown)
    words: list[Json] = []
    lines: list[Json] = []
    paragraphs: list[Json] = []
    tables: list[Json] = []
    begin = 0
    for block, piece in zip(blocks, pieces, strict=True):
        words += told.words(block, begin)
        span = told.span(begin, begin + len(piece))
        if not isinstance(block, Tabular):
            role = {}
            if options.is_layout and isinstance(block, Heading):
                role = {"role": "title" if block.level == 1 else "sectionHeading"}
            line = {"content": block.text, "spans": [told.written(block.text, begin, span)]}
            lines.append(line)
            paragraphs.append({**role, **line})
        else:
            table = told.table(block, begin, span)
            lines += (
                {"content": cell["content"], "spans": cell["spans"]}
                for cell in table["cells"]
                if cell["spans"]
            )
            if options.is_layout:
                tables.append(table)
        begin += len(piece) + len(gap)
    whole = told.span(0, len(content))
    return msgspec.json.encode(
        {
            "apiVersion": options.api_version,
            "modelId": options.model,
            "stringIndexType": options.string_index_type,
            "contentFormat": options.content_format,
            "content": content,
            "pages": [{"pageNumber": 1, "spans": [whole], "words": words, "lines": lines}],
            "paragraphs": paragraphs,
            "tables": tables,
            "styles": [],
            "languages": [],
        }
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """The content, and the offset of each of its characters."""

    content: str
    offsets: Sequence[int]
    is_markdown: bool

    def span(self, begin: int, end: int) -> Json:
        return {"offset": self.offsets[begin], "length": self.offsets[end] - self.offsets[begin]}

    def written(self, text: str, begin: int, otherwise: Json) -> Json:
        """The span of a text that is written from `begin`, or `otherwise` if it is not found."""
        found = self._find(text, begin)
        return self.span(*found) if found else otherwise

    def words(self, block: Block, begin: int) -> Iterator[Json]:
        """The words of a block, which is written from `begin`."""
        texts = (
            [cell for row in block.rows for cell in row]
            if isinstance(block, Tabular)
            else ([block.text])
        )
        for text in texts:
            for word in re.findall(r"\S+", text):
                found = self._find(word, begin)
                if found:
                    begin = found[1]
                    yield {"content": word, "confidence": 1, "span": self.span(*found)}

    def table(self, block: Tabular, begin: int, span: Json) -> Json:
        """A table, which is written from `begin`."""
        cells = []
        for cell in block.table.cells:
            found = self._find(cell.text, begin) if cell.text else None
            begin = found[1] if found else begin
            cells.append(
                {
                    "kind": "columnHeader" if cell.row < block.table.header_rows else "content",
                    "rowIndex": cell.row,
                    "columnIndex": cell.column,
                    "content": cell.text,
                    "spans": [self.span(*found)] if found else [],
                }
            )
        return {
            "rowCount": block.table.rows,
            "columnCount": block.table.columns,
            "spans": [span],
            "cells": cells,
        }

    def _find(self, text: str, begin: int) -> tuple[int, int] | None:
        """Where a text is written, from `begin`; None where Markdown writes it in another way."""
        written = escaped(text) if self.is_markdown else text
        at = self.content.find(written, begin)
        return (at, at + len(written)) if at >= 0 else None
