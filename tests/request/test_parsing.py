from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.document.languages import MOST_LANGUAGES
from ocr_server.engines import ENGINES
from ocr_server.export import FORMATS
from ocr_server.export.rendering import FurnitureUse, LineUse, SignatureUse
from ocr_server.job import (
    PSM_OF_LAYOUT,
    Detail,
    HandwritingUse,
    Layout,
    LineNumberUse,
    PageSelection,
    TextLayerUse,
    ZoneSpec,
)
from ocr_server.request import parsing, specs
from ocr_server.request.options import OPTIONS

TESSERACT_READS = {1, *range(3, 14)}  # 0 and 2 read nothing

# Each option with what it takes and what it refuses.
TAKEN: dict[str, list[tuple[str, object]]] = {
    "languages": [("eng", ("eng",)), ("eng+deu", ("eng", "deu")), ("deu, eng deu", ("deu", "eng"))],
    "engine": [(name, name) for name in ENGINES],
    "format": [("json", ("json",)), ("TEXT,hocr,text", ("text", "hocr"))],
    "steps": [("auto", ("auto",)), ("none", ())],
    "without": [("deskew", ("deskew",)), ("Flatten, rules+flatten", ("flatten", "rules"))],
    "layout": [("auto", 3), ("Line", 7), ("1", 1), ("13", 13)],
    "detail": [("word", Detail.WORD), ("SYMBOL", Detail.SYMBOL)],
    "words": [("Kowalczyk, QX-7741;\nBrühl", "Kowalczyk\nQX-7741\nBrühl"), ("a a", "a")],
    "alphabet": [("0123456789.,", "0123456789.,"), ("äß€#'\"", "äß€#'\"")],
    "text_layer": [(name, TextLayerUse(name)) for name in ("auto", "ignore", "only")],
    "min_confidence": [("0", 0), ("0.5", 0.5), ("1", 1)],
    "dpi": [("300", 300), ("1e2", 100)],
    "lines": [("keep", LineUse.KEEP), ("JOIN", LineUse.JOIN), ("layout", LineUse.LAYOUT)],
    "profile": [("mrz", "mrz")],
    "alternatives": [
        ("dictionary", ("dictionary",)),
        ("engine,dictionary", ("engine", "dictionary")),
        ("none", ()),
    ],
    "correct": [("dictionary", True), ("none", False)],
    "password": [("any thing", "any thing")],
    "handwriting": [(name, HandwritingUse(name)) for name in ("auto", "never")],
    "pictures": [("true", True), ("off", False)],
    "furniture": [(name, FurnitureUse(name)) for name in ("auto", "keep", "drop", "once")],
    "line_numbers": [(name, LineNumberUse(name)) for name in ("keep", "drop")],
    "signatures": [(name, SignatureUse(name)) for name in ("keep", "drop")],
    "timeout_s": [("0.1", 0.1), ("86400", 86_400)],
    "partial": [("true", True), ("ON", True), ("0", False), ("no", False)],
    "codes": [("true", True), ("no", False)],
}
REFUSED = {
    "languages": ["+", ",,", "+".join(map(str, range(MOST_LANGUAGES + 1)))],
    "engine": ["none", "Pytesseract "],
    "format": ["jpeg", "json,jpeg", ","],
    "steps": ["no such step", "deskew," * 29 + "deskew"],
    "without": [",", "read", "deskew,sauvola"],
    "layout": ["page", "0", "2", "14", "-1", "03", "٣", "00199", "1" * 5000, "001" + "9" * 5000],
    "detail": ["", "letter"],
    "pages": ["0", "3-1", "1-", "-1", "1,,2", "a", "1" * 7, ",".join(["1"] * 101)],
    "fields": ["", "[]", "1", "[" * 100_000, '{"": {}}', '{"a": {"check": "sum"}}'],
    "corners": ["", "{}", "[[0, 0]]", "[" * 100_000, "[[0, 0], [0, 9], [9, 9], [9, 0]]"],
    "zones": ["", "{}", "[]", "[1]", "[[[", "[" * 100_000],
    "words": ["", ",;", "x" * 65],
    "alphabet": ["a b", "a\nb", "a\tb", "\u00a0", "\ud800", "a" * 257],
    "text_layer": ["", "both"],
    "min_confidence": ["-0.1", "1.1", "nan", "half"],
    "dpi": ["0", "10001", "inf", "nan", "many"],
    "lines": ["merge"],
    "alternatives": ["", "engine,none", "guess"],
    "correct": ["yes"],
    "handwriting": ["", "live"],
    "pictures": ["perhaps"],
    "furniture": ["", "some"],
    "line_numbers": ["", "some"],
    "signatures": ["", "both"],
    "timeout_s": ["0", "-1", "inf", "nan", "86401"],
    "partial": ["perhaps"],
    "codes": ["perhaps"],
}


@pytest.mark.parametrize(
    ("name", "text", "value"), [(name, *pair) for name, pairs in TAKEN.items() for pair in pairs]
)
def test_an_option_takes(name: str, text: str, value: object) -> None:
    assert OPTIONS[name].parse(text) == value


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in REFUSED.items() for text in texts]
)
def test_an_option_refuses_with_a_sentence(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+") as caught:
        OPTIONS[name].parse(text)

    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("languages", "+".join(map(str, range(101))), "name at most 100 languages"),
        ("format", "text,foo", "foo is not known; use json, "),
        ("format", "foo,bar", "foo, bar are not known; use json, "),
        ("without", "read,foo", "read cannot be left out; foo is not known; use panes, "),
        ("alternatives", "engine,foo", "foo is not known; use dictionary, "),
        ("zones", '{"box": [0, 0, 9, 9]}', "a list is expected, such as [{"),
        ("fields", "[]", "an object is expected, such as {"),
        ("corners", "{", "this is not JSON; such as [[0, 0], "),
        ("corners", "[]", "use four corners of x and y, "),
        ("fields", "{", "this is not JSON; use JSON such as {"),
    ],
)
def test_the_wrong_word_is_named(name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^") as caught:
        OPTIONS[name].parse(text)

    assert str(caught.value).startswith(message)


def test_a_long_wrong_word_is_cut() -> None:
    with pytest.raises(ValueError, match=r"…") as caught:
        OPTIONS["format"].parse("x" * 10_000)

    assert len(str(caught.value)) < 400


def test_every_option_is_tried_here() -> None:
    assert TAKEN.keys() | {"pages", "zones", "corners", "fields"} == OPTIONS.keys()
    assert REFUSED.keys() | {"password", "profile"} == OPTIONS.keys()


@given(st.text())
def test_whatever_is_sent_is_taken_or_refused(text: str) -> None:
    for option in OPTIONS.values():
        try:
            option.parse(text)
        except ValueError as error:
            assert str(error)  # noqa: PT017  # that it is raised is not what is claimed


@given(st.from_regex(r"[0-9]{1,6}", fullmatch=True))
def test_a_layout_in_figures_is_a_mode_that_reads(text: str) -> None:
    try:
        psm = parsing.parse_layout(text)
    except ValueError:
        return

    assert psm in TESSERACT_READS
    assert str(psm) == text


def test_every_word_of_a_layout_is_a_mode_that_reads() -> None:
    assert {parsing.parse_layout(layout) for layout in Layout} == set(PSM_OF_LAYOUT.values())
    assert set(PSM_OF_LAYOUT.values()) <= TESSERACT_READS


RANGES = st.lists(
    st.tuples(st.integers(1, 99), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair))),
    min_size=1,
    max_size=10,
)


@given(RANGES, st.integers(1, 60))
def test_pages_are_chosen_once_each_and_in_the_order_asked_for(
    ranges: list[tuple[int, int]], count: int
) -> None:
    text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)

    chosen = list(parsing.parse_pages(text).choose(count))

    wanted = dict.fromkeys(n for a, b in ranges for n in range(a, b + 1) if n <= count)
    assert chosen == list(wanted)


@given(RANGES, st.integers(1, 60))
def test_the_first_page_too_many_is_named(ranges: list[tuple[int, int]], count: int) -> None:
    selection = parsing.parse_pages(",".join(f"{a}-{b}" for a, b in ranges))

    beyond = selection.beyond(count)

    asked = {n for a, b in ranges for n in range(a, b + 1)}
    assert (beyond is None) == (max(asked) <= count)
    assert beyond is None or (beyond in asked and beyond > count)


@pytest.mark.parametrize(
    ("range_", "pages", "beyond"),
    [((-1, -1), [3], None), ((2, -1), [2, 3], None), ((-2, 2), [2], None), ((4, -1), [], 4),
     ((-4, -1), [1, 2, 3], 0)],
)  # fmt: skip
def test_negative_pages_count_from_the_end(
    range_: tuple[int, int], pages: list[int], beyond: int | None
) -> None:
    selection = PageSelection((range_,))

    assert selection.beyond(3) == beyond
    if beyond is None:
        assert list(selection.choose(3)) == pages


def test_all_pages_are_chosen_when_none_are_named() -> None:
    everything = OPTIONS["pages"].parse("1-3")

    assert list(type(everything)().choose(3)) == list(everything.choose(3)) == [1, 2, 3]
    assert type(everything)().beyond(1) is None


SIDES = st.tuples(*[st.integers(0, 500)] * 4).map(
    lambda s: [s[0], s[1], s[0] + s[2] + 1, s[1] + s[3] + 1]
)


@given(SIDES, st.none() | st.text(), st.none() | st.sampled_from(["line", 7, "7"]))
def test_a_zone_is_what_was_asked_for(
    sides: list[int], name: str | None, layout: str | int | None
) -> None:
    asked = json.dumps([{"box": sides, "name": name, "layout": layout}])

    (zone,) = specs.parse_zones(asked)

    assert isinstance(zone, ZoneSpec)
    assert [zone.box.left, zone.box.top, zone.box.right, zone.box.bottom] == sides
    assert zone.name == name
    assert zone.psm == (None if layout is None else 7)


@pytest.mark.parametrize(
    "zone",
    [
        {},
        {"box": [0, 0, 10]},
        {"box": [0, 0, 0, 10]},
        {"box": [5, 0, 1, 10]},
        {"box": [-1, 0, 1, 10]},
        {"box": [0, 0, math.inf, 10]},
        {"box": [0, 0, math.nan, 10]},
        {"box": [0, 0, 10**400, 10]},
        {"box": [0, 10**400, 10, 10**401]},
        {"box_percent": [0, 0, 10**400, 10]},
        {"box": [0, 0, 1_000_001, 10]},
        {"box": [0, 0, True, 10]},
        {"box": "0,0,9,9"},
        {"box": [0, 0, 9, 9], "colour": "red"},
        {"box": [0, 0, 9, 9], "name": 7},
        {"box": [0, 0, 9, 9], "box_percent": [0, 0, 9, 9]},
    ],
)
def test_a_zone_without_a_place_is_refused_by_its_number(zone: dict[str, object]) -> None:
    good = {"box": [0, 0, 9, 9]}

    with pytest.raises(ValueError, match=r"\[1\]"):
        specs.parse_zones(json.dumps([good, zone]))


def test_a_zone_s_own_layout_and_alphabet_are_held_to_the_same_rules() -> None:
    for wrong in ({"layout": "0"}, {"alphabet": "a b"}):
        with pytest.raises(ValueError, match="use"):
            specs.parse_zones(json.dumps([{"box": [0, 0, 9, 9], **wrong}]))


def test_every_format_can_be_asked_for() -> None:
    assert OPTIONS["format"].parse(",".join(FORMATS)) == tuple(FORMATS)
