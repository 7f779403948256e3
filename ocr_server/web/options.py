"""The options of a request: one table for the form, the query, JSON, the CLI and OpenAPI.

Each option turns text into a value or raises ValueError with a sentence that says what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ocr_server.export import FORMATS
from ocr_server.job import PSM_OF_LAYOUT, Detail, Layout, PageSelection
from ocr_server.recognition import ENGINES

MOST_RANGES = 100
_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_SEPARATORS = re.compile(r"[+,\s]+")
# 0 only finds the orientation and 2 only the layout: neither reads anything.
_PSMS = (1, *range(3, 14))


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `schema` is its JSON schema, `default` what holds when it is not given."""

    parse: Callable[[str], Any]  # each option has a type of its own
    schema: Mapping[str, object]
    default: str
    meaning: str
    only_in_body: bool = False


def parse_languages(text: str) -> tuple[str, ...]:
    """Names, joined by + or commas; whether they are installed is asked later."""
    names = tuple(dict.fromkeys(name for name in _SEPARATORS.split(text) if name))
    if not names:
        raise ValueError("name at least one language, such as eng")
    return names


def parse_engine(text: str) -> str:
    """The name of an engine; whether it is installed is asked later."""
    if text not in ENGINES:
        raise ValueError(f"use {_listed(ENGINES)}")
    return text


def parse_formats(text: str) -> tuple[str, ...]:
    """Names of formats, joined by commas."""
    names = tuple(dict.fromkeys(name for name in _SEPARATORS.split(text.lower()) if name))
    if not names or not FORMATS.keys() >= set(names):
        raise ValueError(f"use {_listed(FORMATS)}, or several joined by commas")
    return names


def parse_layout(text: str) -> int:
    """A word of ours or a page segmentation mode, as such a mode."""
    if text.isascii() and text.isdigit() and int(text[:3]) in _PSMS:
        return int(text)
    try:
        return PSM_OF_LAYOUT[Layout(text.lower())]
    except ValueError:
        raise ValueError(
            f"use {_listed(Layout)}, or one of Tesseract's modes 1 and 3 to 13"
        ) from None


def parse_detail(text: str) -> Detail:
    """The name of a level."""
    try:
        return Detail[text.upper()]
    except KeyError:
        raise ValueError(f"use {_listed(detail.name.lower() for detail in Detail)}") from None


def parse_pages(text: str) -> PageSelection:
    """Ranges of page numbers, such as 1-3,7."""
    ranges: list[tuple[int, int]] = []
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last or len(ranges) >= MOST_RANGES:
            raise ValueError("use page numbers and ranges such as 1-3,7")
        ranges.append((first, last))
    return PageSelection(tuple(ranges))


def parse_steps(text: str) -> tuple[str, ...]:
    """`auto` or `none`."""
    if text.lower() not in {"auto", "none"}:
        raise ValueError("use auto or none")
    return ("auto",) if text.lower() == "auto" else ()


def parse_lines(text: str) -> bool:
    """Whether lines are joined."""
    if text.lower() not in {"keep", "join"}:
        raise ValueError("use keep or join")
    return text.lower() == "join"


def parse_flag(text: str) -> bool:
    """True or false, as forms, queries and JSON write them."""
    if text.lower() in {"true", "1", "yes", "on"}:
        return True
    if text.lower() in {"false", "0", "no", "off"}:
        return False
    raise ValueError("use true or false")


def parse_password(text: str) -> str:
    """Taken as it is."""
    return text


def number(least: float, most: float) -> Callable[[str], float]:
    """A parser of numbers between two bounds, both allowed."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ValueError(f"use a number from {least:g} to {most:g}")
        return value

    return parse


def _listed(names: Iterable[str]) -> str:
    *most, last = map(str, names)
    return f"{', '.join(most)} or {last}"


def _text(**more: object) -> dict[str, object]:
    return {"type": "string", **more}


def _number(least: float, most: float) -> dict[str, object]:
    return {"type": "number", "minimum": least, "maximum": most}


MOST_SECONDS = 86_400

OPTIONS: Mapping[str, Option] = {
    "languages": Option(
        parse_languages,
        _text(example="eng+deu"),
        "`OCR_LANGUAGES`",
        "languages of the text, joined by `+`; see `/v1/languages`",
    ),
    "engine": Option(
        parse_engine,
        _text(enum=list(ENGINES)),
        "`OCR_ENGINE`",
        f"who reads: {' or '.join(f'`{name}`' for name in ENGINES)}",
    ),
    "format": Option(
        parse_formats,
        _text(example="json"),
        "`json`",
        f"{', '.join(f'`{name}`' for name in FORMATS)}; also chosen by `Accept`",
    ),
    "steps": Option(
        parse_steps,
        _text(example="auto"),
        "`auto`",
        "what is done to the picture: `auto` or `none`",
    ),
    "layout": Option(
        parse_layout,
        _text(example="auto"),
        "`auto`",
        f"{', '.join(f'`{name}`' for name in Layout)}, or a page segmentation mode of Tesseract",
    ),
    "detail": Option(
        parse_detail,
        _text(enum=[detail.name.lower() for detail in Detail]),
        "`word`",
        f"how deep the JSON goes: {', '.join(f'`{detail.name.lower()}`' for detail in Detail)}",
    ),
    "pages": Option(parse_pages, _text(example="1-3,7"), "all", "pages to read, such as `1-3,7`"),
    "min_confidence": Option(
        number(0, 1), _number(0, 1), "`0`", "words less certain than this are left out"
    ),
    "dpi": Option(
        number(1, 10_000), _number(1, 10_000), "the file’s", "resolution of the pictures"
    ),
    "lines": Option(
        parse_lines, _text(enum=["keep", "join"]), "`keep`",
        "`join` makes one line of each paragraph, in `text`",
    ),
    "password": Option(
        parse_password, _text(format="password"), "none", "opens a protected PDF",
        only_in_body=True,
    ),
    "timeout_s": Option(
        number(0.1, MOST_SECONDS), _number(0.1, MOST_SECONDS), "`OCR_TIMEOUT_S`",
        "seconds the request may take, up to the setting",
    ),
    "partial": Option(
        parse_flag, {"type": "boolean"}, "`false`",
        "answer with the good pages although others failed (JSON always does)",
    ),
}  # fmt: skip
