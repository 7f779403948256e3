from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from ocr_server.document.model import Document, Zone
from ocr_server.document.roles import Roles
from ocr_server.export.blocks import (
    Block,
    Heading,
    ListItem,
    Paragraph,
    Tabular,
    flowing_blocks,
    furnished,
)
from ocr_server.export.rendering import FurnitureUse
from tests.export.documents import document, page, zone
from tests.export.tables import document_of

LONG = "the offices of the north and the south share one list of all that\n"


def texts_of(document: Document) -> list[str]:
    return [block.text for block in blocks_in(document) if not isinstance(block, Tabular)]


def blocks_in(document: Document, use: FurnitureUse = FurnitureUse.ONCE) -> list[Block]:
    roles = Roles.of(document.pages)
    return list(flowing_blocks(furnished(document.pages, roles, use), roles))


def kinds_of(*zones: Zone) -> list[type[Block]]:
    return [type(block) for block in blocks_in(document(page(*zones)))]


def test_a_paragraph_goes_on_upon_the_next_page() -> None:
    pages = (
        page(zone(f"Since spring {LONG}{LONG}is kept in the long wooden cup-")),
        page(zone("board of the house.", "The next one."), number=2),
    )

    texts = texts_of(document(*pages))

    assert len(texts) == 2
    assert texts[0].endswith("long wooden cupboard of the house.")


def test_text_without_ends_of_sentences_is_no_paragraph_of_a_hundred_pages() -> None:
    random = Random(1)  # noqa: S311  # no secret

    def line() -> str:
        words = LONG.split()
        return " ".join(random.sample(words, len(words)))

    pages = [page(zone(*(line() for _ in range(10))), number=number) for number in range(1, 101)]

    assert len(texts_of(document(*pages))) == 2


def test_a_paragraph_that_was_ended_wrongly_is_whole() -> None:
    whole = zone(f"Since spring {LONG}".strip(), f"which {LONG}is kept.", "Another one.")

    assert len(texts_of(document(page(whole)))) == 2


def test_a_paragraph_that_ends_is_not_joined() -> None:
    ended = zone(f"{LONG}is kept.", f"The next {LONG}as well.")

    assert len(texts_of(document(page(ended)))) == 2


def test_short_lines_are_not_joined() -> None:
    assert len(texts_of(document(page(zone("Anna Berger", "River Road 12", "Graz"))))) == 3


def test_heads_and_feet_of_pages_are_told_once_and_numbers_not() -> None:
    def numbered(number: int, text: str) -> list[Zone]:
        head, foot = zone("Annual report", top=20), zone(f"- {number} -", top=960)
        return [head, zone(text, top=300), foot]

    sheets = [numbered(n, f"{LONG}ends here {'abc'[n - 1] * 3}.") for n in (1, 2, 3)]

    texts = texts_of(document_of(*sheets))

    assert texts.count("Annual report") == 1
    assert not [text for text in texts if text.startswith("-")]
    assert len(texts) == 4


@pytest.mark.parametrize("bullet", ["•", "–", "1."])
def test_items_of_a_list_are_items(bullet: str) -> None:
    following = "2." if bullet == "1." else bullet
    items = zone(f"{bullet} the first of them\n{following} the second of them\nwith two lines")

    blocks = blocks_in(document(page(items)))

    assert [type(block) for block in blocks] == [ListItem, ListItem]
    kept = "2. " if bullet == "1." else ""
    assert isinstance(blocks[1], ListItem)
    assert blocks[1].text == f"{kept}the second of them with two lines"


def test_large_type_is_a_heading() -> None:
    title = zone("The title")
    title = replace(title, lines=(replace(title.lines[0], x_height_px=24),))

    assert kinds_of(title, zone("Plain words below the title", top=90)) == [Heading, Paragraph]
