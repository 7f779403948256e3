"""The options of a request: one table for the form, the query, JSON, the CLI and OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ocr_server.engines import ENGINE_CHOICES
from ocr_server.export import FORMATS
from ocr_server.job import Detail, Layout, TextLayerUse
from ocr_server.page.recipe import STAGES
from ocr_server.request import parsing


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `schema` is its JSON schema, `default` what holds when it is not given."""

    parse: Callable[[str], Any]  # each option has a type of its own
    schema: Mapping[str, object]
    default: str
    meaning: str
    only_in_body: bool = False


def _text(**more: object) -> dict[str, object]:
    return {"type": "string", **more}


def _number(least: float, most: float) -> dict[str, object]:
    return {"type": "number", "minimum": least, "maximum": most}


MOST_SECONDS = 86_400

OPTIONS: Mapping[str, Option] = {
    "languages": Option(
        parsing.parse_languages,
        _text(example="eng+deu"),
        "`OCR_LANGUAGES`",
        "languages of the text, joined by `+`; see `/v1/languages`",
    ),
    "engine": Option(
        parsing.parse_engine,
        _text(enum=list(ENGINE_CHOICES)),
        "`OCR_ENGINE`",
        f"the engine: {', '.join(f'`{name}`' for name in ENGINE_CHOICES)}; the last two need the "
        "packages of the category `second-reader`",
    ),
    "format": Option(
        parsing.parse_formats,
        _text(example="json"),
        "`json`",
        f"{', '.join(f'`{name}`' for name in FORMATS)}; several make a ZIP archive; also chosen "
        "by `Accept`",
    ),
    "steps": Option(
        parsing.parse_steps,
        _text(example="auto"),
        "`auto`",
        "what is done to the picture: `auto`, `none`, or steps in order such as "
        "`contrast,deskew,sauvola(k=0.3)`; see `/v1/steps`",
    ),
    "without": Option(
        parsing.parse_without,
        _text(example="deskew,flatten"),
        "nothing",
        f"stages that `auto` leaves out: {', '.join(f'`{name}`' for name in STAGES)}",
    ),
    "layout": Option(
        parsing.parse_layout,
        _text(example="auto"),
        "`auto`",
        f"{', '.join(f'`{name}`' for name in Layout)}, or a page segmentation mode of Tesseract",
    ),
    "detail": Option(
        parsing.parse_detail,
        _text(enum=[detail.name.lower() for detail in Detail]),
        "`word`",
        f"how deep the JSON goes: {', '.join(f'`{detail.name.lower()}`' for detail in Detail)}",
    ),
    "pages": Option(
        parsing.parse_pages, _text(example="1-3,7"), "all", "pages to read, such as `1-3,7`"
    ),
    "zones": Option(
        parsing.parse_zones,
        _text(contentMediaType="application/json"),
        "all of the page",
        'rectangles to read, as JSON: `[{"box": [left, top, right, bottom], "name": "total", '
        '"layout": "line", "alphabet": "0123456789."}]`, in pixels of the page; `box` is enough, '
        "and `box_percent` may stand for it",
    ),
    "profile": Option(
        parsing.parse_profile,
        _text(example="mrz"),
        "none",
        "a kind of picture that this server knows: options and fields under one name; see "
        "`/v1/profiles`",
    ),
    "fields": Option(
        parsing.parse_fields,
        _text(contentMediaType="application/json"),
        "the profile’s",
        "values to look for, by zone, by the words before them, or by their form, as JSON: "
        '`{"lot": {"after": ["LOT"], "mask": "AA-9999"}}`',
    ),
    "alphabet": Option(
        parsing.parse_alphabet,
        _text(maxLength=parsing.MOST_LETTERS),
        "any",
        "the only characters to be read, by Tesseract; `engine=best` then asks for no second "
        "opinion",
    ),
    "min_confidence": Option(
        parsing.number(0, 1), _number(0, 1), "`0`", "words less certain than this are left out"
    ),
    "dpi": Option(
        parsing.number(1, 10_000), _number(1, 10_000), "the file’s", "resolution of the pictures"
    ),
    "lines": Option(
        parsing.parse_lines, _text(enum=["keep", "join"]), "`keep`",
        "`join` makes one line of each paragraph, in `text`",
    ),
    "text_layer": Option(
        parsing.parse_text_layer,
        _text(enum=[layer.value for layer in TextLayerUse]),
        "`auto`",
        "the text that a PDF has already: `auto` uses it where it is good, `ignore` recognises "
        "every page, `only` recognises none",
    ),
    "alternatives": Option(
        parsing.parse_alternatives,
        _text(example="dictionary,engine"),
        "`dictionary`",
        "what words may be instead, in `json` and `alto`: `dictionary` for doubtful ones where "
        "the language has one (see `/v1/languages`), `engine` for its own other readings, which "
        "takes it about a third longer, both, or `none`",
    ),
    "correct": Option(
        parsing.parse_dictionary,
        _text(enum=["dictionary", "none"]),
        "`none`",
        "`dictionary` puts the only likely word in the place of a very doubtful one, which then "
        "says what it was (`corrected_from`)",
    ),
    "password": Option(
        parsing.parse_password, _text(format="password"), "none", "opens a protected PDF",
        only_in_body=True,
    ),
    "timeout_s": Option(
        parsing.number(0.1, MOST_SECONDS), _number(0.1, MOST_SECONDS), "`OCR_TIMEOUT_S`",
        "seconds the request may take, up to the setting",
    ),
    "partial": Option(
        parsing.parse_flag, {"type": "boolean"}, "`false`",
        "answer with the good pages although others failed (JSON always does)",
    ),
}  # fmt: skip
