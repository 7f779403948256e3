from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.document.model import Direction, Zone, ZoneKind
from ocr_server.engines.tesseract_hocr import read_hocr
from ocr_server.errors import EngineFailed
from ocr_server.geometry import Box, Point

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><body>
<div class='ocr_page' title='image "x"; bbox 0 0 400 300; ppageno 0'>{}</div></body></html>"""
LINE = "bbox 10 20 110 40; baseline 0.01 -4; x_size 20; x_descenders 4; x_ascenders 5"


def area(inner: str, *, attributes: str = "lang='eng'", kind: str = "ocr_carea") -> str:
    paragraph = f"<p class='ocr_par' {attributes} title='bbox 10 20 110 40'>{inner}</p>"
    return f"<div class='{kind}' title='bbox 5 10 200 100'>{paragraph}</div>"


def line(*words: str, title: str = LINE, kind: str = "ocr_line") -> str:
    return f"<span class='{kind}' title='{title}'>{' '.join(words)}</span>"


def word(text: str, *, title: str = "bbox 10 20 60 40; x_wconf 87") -> str:
    return f"<span class='ocrx_word' title='{title}'>{text}</span>"


def read(inner: str, *, symbols: bool = False) -> tuple[Zone, ...]:
    return read_hocr(PAGE.format(inner).encode(), symbols=symbols)


def test_zones_lines_and_words_have_their_places_and_confidences() -> None:
    ((zone,)) = read(area(line(word("Hello"), word("<em>world</em>"))))

    assert (zone.kind, zone.box) == (ZoneKind.TEXT, Box(5, 10, 200, 100))
    (one,) = zone.lines
    assert (one.text, one.language, one.box) == ("Hello world", "eng", Box(10, 20, 110, 40))
    assert one.words[0].box == Box(10, 20, 60, 40)
    assert one.words[0].confidence == pytest.approx(0.87)


def test_a_baseline_counts_from_the_bottom_left_of_the_line() -> None:
    (one,) = read(area(line(word("Hello"))))[0].lines

    assert one.baseline == (Point(10, 36), Point(110, 37))


def test_a_line_without_a_baseline_stands_on_its_box() -> None:
    (one,) = read(area(line(word("Hello"), title="bbox 10 20 110 40")))[0].lines

    assert one.baseline == (Point(10, 40), Point(110, 40))


@pytest.mark.parametrize(
    ("sizes", "x_height_px"),
    [
        ("x_size 20; x_descenders 4; x_ascenders 5", 11),
        ("x_size 20; x_descenders 10; x_ascenders 10", 10),
        ("", 0),
    ],
)
def test_the_height_of_small_letters_is_what_ascenders_and_descenders_leave(
    sizes: str, x_height_px: float
) -> None:
    (one,) = read(area(line(word("Hello"), title=f"bbox 0 0 9 9; {sizes}")))[0].lines

    assert one.x_height_px == x_height_px


@pytest.mark.parametrize(
    ("angle", "top_left"), [(0, (10, 20)), (90, (10, 40)), (180, (60, 40)), (270, (60, 20))]
)
def test_the_quad_of_turned_text_begins_at_its_own_top_left(
    angle: int, top_left: tuple[int, int]
) -> None:
    turned = line(word("Hello"), title=f"bbox 10 20 110 40; textangle {angle}; baseline 0 -4")

    (one,) = read(area(turned))[0].lines

    assert tuple(one.words[0].quad.top_left) == top_left
    assert one.words[0].quad.angle_deg == pytest.approx({90: -90, 270: 90}.get(angle, angle))
    assert len(one.baseline) == 2


def test_right_to_left_is_told() -> None:
    (one,) = read(area(line(word("שלום")), attributes="lang='heb' dir='rtl'"))[0].lines

    assert (one.direction, one.language) == (Direction.RIGHT_TO_LEFT, "heb")


@pytest.mark.parametrize("kind", ["ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"])
def test_every_kind_of_line_is_read(kind: str) -> None:
    assert read(area(line(word("Hello"), kind=kind)))[0].text == "Hello"


def test_pictures_and_rules_are_zones_without_text() -> None:
    inner = "".join(
        f"<div class='{kind}' title='bbox 1 2 3 4'></div>"
        for kind in ("ocr_photo", "ocr_separator")
    )

    zones = read(inner)

    assert [zone.kind for zone in zones] == [ZoneKind.PICTURE, ZoneKind.RULE]
    assert zones[0].box == Box(1, 2, 3, 4)


def test_what_has_no_letters_is_left_out() -> None:
    assert read(area(line(word(" ")))) == ()
    assert read("") == ()


def test_paragraphs_left_empty_are_not_counted() -> None:
    empty = "<p class='ocr_par' title='bbox 0 0 1 1'></p>"
    full = f"<p class='ocr_par' title='bbox 0 0 1 1'>{line(word('a'))}</p>"

    (zone,) = read(f"<div class='ocr_carea' title='bbox 0 0 9 9'>{full}{empty}{full}</div>")

    assert [one.paragraph for one in zone.lines] == [0, 1]


SYMBOLS = "".join(
    f"<span class='ocrx_cinfo' title='x_bboxes {x} 20 {x + 9} 40; x_conf {conf}'>{text}</span>"
    for x, conf, text in ((10, 99.5, "H"), (20, 101, "i"), (30, 50, " "))
)


def test_symbols_are_read_only_when_asked_for() -> None:
    inner = area(line(word(SYMBOLS)))

    with_symbols, without = read(inner, symbols=True), read(inner)

    symbols = with_symbols[0].words[0].symbols
    assert [(one.text, one.confidence) for one in symbols] == [("H", 0.995), ("i", 1)]
    assert symbols[0].quad.box == Box(10, 20, 19, 40)
    assert (with_symbols[0].text, without[0].text) == ("Hi", "Hi")
    assert without[0].words[0].symbols == ()


def test_a_box_that_is_inside_out_is_empty_instead() -> None:
    (one,) = read(area(line(word("a", title="bbox 60 20 10 40; x_wconf 5"))))[0].words

    assert one.box == Box(60, 20, 60, 40)


def test_characters_that_xml_forbids_are_dropped() -> None:
    assert read(area(line(word("He\x0cl\x01lo"))))[0].text == "Hello"


@given(st.text(st.characters(codec="utf-8", exclude_characters="<&>"), min_size=1))
def test_any_text_between_the_tags_is_read(text: str) -> None:
    zones = read(area(line(word(text))))

    assert len(zones) <= 1


@pytest.mark.parametrize("hocr", [b"", b"words", b"<html>", b"<html><body></html>"])
def test_what_is_no_hocr_is_an_engine_s_fault(hocr: bytes) -> None:
    with pytest.raises(EngineFailed, match="Send the page again"):
        read_hocr(hocr, symbols=False)


def letter(text: str) -> str:
    return f"<span class='ocrx_cinfo' title='x_bboxes 10 20 20 40; x_conf 90'>{text}</span>"


def choices(**shares: float) -> str:
    spans = "".join(
        f"<span class='ocrx_cinfo' id='choice_1' title='x_confs {share}'>{text}</span>"
        for text, share in shares.items()
    )
    return f"<span class='ocrx_cinfo' id='lstm_choices_1'>{spans}</span>"


def test_other_letters_that_were_thought_of_make_other_words() -> None:
    inner = letter("c") + choices(c=90, e=30, o=0) + letter("l") + choices(l=80, I=45, c=2)
    (zone,) = read(area(line(word(inner))))

    (one,) = zone.words
    assert one.text == "cl"
    assert one.symbols == ()
    assert [(other.text, other.confidence) for other in one.alternatives] == [
        ("cI", 0.45),
        ("el", 0.3),
    ]
    assert {other.source for other in one.alternatives} == {"engine"}


def test_without_choices_there_are_no_alternatives() -> None:
    (zone,) = read(area(line(word(letter("c")))), symbols=True)

    assert zone.words[0].alternatives == ()
    assert len(zone.words[0].symbols) == 1
