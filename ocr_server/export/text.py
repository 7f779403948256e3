"""Plain text in reading order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ocr_server.document.line_ends import joined
from ocr_server.document.model import Document, Page, Zone
from ocr_server.document.roles import Roles
from ocr_server.export.blocks import Block, Tabular, furnished
from ocr_server.export.layout_text import layout_text
from ocr_server.export.rendering import FurnitureUse, LineUse, Rendering


def render_text(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """Lines, an empty line between paragraphs and zones, a form feed between pages.

    With `LineUse.LAYOUT` they stand as on the page (`layout_text`).
    """
    del sources  # plain text shows no picture
    keeps = rendering.furniture in {FurnitureUse.AUTO, FurnitureUse.KEEP}
    roles = Roles() if keeps else Roles.of(document.pages)
    for position, page in enumerate(furnished(document.pages, roles, rendering.furniture)):
        if position:
            yield b"\f"
        yield page_text(page, rendering.lines).encode(errors="replace")
    yield b"\n"


def blocks_text(blocks: Iterable[Block]) -> str:
    """Blocks with empty lines between them, the cells of tables parted by tabs."""
    return "\n\n".join(
        "\n".join(map("\t".join, block.rows)) if isinstance(block, Tabular) else block.text
        for block in blocks
    )


def page_text(page: Page, lines: LineUse) -> str:
    """The page's text; where lines are kept it is the page's own."""
    match lines:
        case LineUse.AUTO | LineUse.KEEP:
            return page.text
        case LineUse.LAYOUT:
            return layout_text(page)
        case LineUse.JOIN:
            return "\n\n".join(map(_flowing_text, page.zones))


def _flowing_text(zone: Zone) -> str:
    """The text of a zone, a line for each paragraph, or for each row of a table."""
    if zone.table:
        return zone.text
    return "\n\n".join(joined(line.text for line in lines) for lines in zone.paragraphs())
