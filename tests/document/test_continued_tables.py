from __future__ import annotations

from ocr_server.document.continued_tables import with_continued_tables
from ocr_server.document.model import Document
from ocr_server.export.blocks import tables_of
from tests.export.documents import zone
from tests.export.tables import document_of, table_zone

HEAD = ["Item", "Amount"]
UPPER = [[f"thing {i}", str(i)] for i in range(20)]
LOWER = [["lamp", "7"], ["valve", "8"], ["hose", "9"]]


def texts_of(document: Document) -> list[list[list[str]]]:
    return [[list(row) for row in table.rows] for table in tables_of(document)]


def test_a_table_goes_on_upon_the_next_page() -> None:
    document = document_of([table_zone(HEAD, *UPPER, top=340, header_rows=1)], [table_zone(*LOWER)])

    _, second = with_continued_tables(document.pages)

    assert [one.table.continues for one in second.zones if one.table] == [True]
    assert texts_of(document) == [[HEAD, *UPPER, *LOWER]]


def test_a_head_that_is_repeated_is_dropped() -> None:
    document = document_of(
        [table_zone(HEAD, *UPPER, top=340, header_rows=1)],
        [table_zone(HEAD, *LOWER, header_rows=1)],
    )

    assert texts_of(document) == [[HEAD, *UPPER, *LOWER]]


def test_a_table_goes_on_between_foot_and_head_of_its_pages() -> None:
    document = document_of(
        [table_zone(HEAD, *UPPER, top=240), zone("Page 1", top=960)],
        [zone("The river board", top=20), table_zone(HEAD, *LOWER, top=120)],
    )

    assert len(texts_of(document)) == 1


def test_tables_that_are_alike_stay_apart() -> None:
    upper = table_zone(HEAD, *UPPER, top=340, header_rows=1)
    with_total = table_zone(HEAD, *UPPER[1:], ["Total", "190"], top=340, header_rows=1)
    other = [["Town", "Rain"], *LOWER]
    pairs = {
        "its own title": ([upper], [zone("Its own", top=160), table_zone(HEAD, *LOWER, top=240)]),
        "another head": ([upper], [table_zone(*other, header_rows=1)]),
        "a head of words": ([upper], [table_zone(*other)]),
        "a total above": ([with_total], [table_zone(HEAD, *LOWER, header_rows=1)]),
        "it ends in mid-page": ([table_zone(HEAD, *LOWER)], [table_zone(HEAD, *LOWER)]),
        "text below": ([table_zone(HEAD, *UPPER, top=140), zone("Notes", top=800)],
                       [table_zone(HEAD, *LOWER)]),
        "more columns": ([upper], [table_zone(["a", "1", "2"])]),
    }  # fmt: skip

    counts = {name: len(texts_of(document_of(*pages))) for name, pages in pairs.items()}
    assert counts == dict.fromkeys(pairs, 2)


def test_a_document_without_tables_stays_as_it_is() -> None:
    document = document_of([zone("One")], [zone("Two")])

    assert tuple(with_continued_tables(document.pages)) == document.pages
    assert not list(tables_of(document))
