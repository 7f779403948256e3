"""The words of the pages, and of errors and advice, in the language of who reads them.

Every message is written in English where it is needed, `_("Hold still.")` in templates and scripts,
and is the key of the catalogues in `catalogues/`, one a language. A message without a translation
stays English. `{name}` is filled in; where a number `n` decides, English has two forms parted by a
bar, `{n} page|{n} pages`, and a catalogue one for each plural category of its language (CLDR).
`python -m pytest tests/web/test_translation.py --renew` puts new messages into the catalogues.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from babel import Locale
from babel.numbers import format_decimal
from flask import g, json, request

from ocr_server.document.languages import name_of, tag_of

# As each calls itself; the first is that of the keys.
LANGUAGES: Mapping[str, str] = {
    "en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ar": "العربية",
    "ja": "日本語",
}  # fmt: skip
ENGLISH = "en"
RIGHT_TO_LEFT = {"ar"}
COOKIE = "language"
CATALOGUES = Path(__file__).parent.parent / "catalogues"

# Parts of a catalogue: what the scripts need is sent to them, and nothing else.
SCRIPTS_PART = "scripts"
SERVER_PART = "server"

_GAP = re.compile(r"\{(\w+)\}")
MOST_NESTED = 3  # messages in the gaps of messages
LIST = "{words} or {last}"  # values, which stay as they are, with what parts the last of them
_LIST = re.compile(r"(\S+(?:, \S+)*) or ([^\s,]+)")

# A message, or its forms by plural category.
Message: TypeAlias = str | dict[str, str]
Text = TypeVar("Text", bound=str)


@cache
def catalogue_of(language: str) -> Mapping[str, Mapping[str, Message]]:
    """The messages of a language by part and English; none of English or an unknown one."""
    if language == ENGLISH or language not in LANGUAGES:
        return {}
    file = CATALOGUES / f"{language}.json"
    parts: dict[str, dict[str, Message]] = json.loads(file.read_text(encoding="utf-8"))
    return parts


@cache
def _messages_of(language: str) -> Mapping[str, Message]:
    return {
        english: message
        for part in catalogue_of(language).values()
        for english, message in part.items()
    }


def page_language() -> str:
    """The language of the page that is answered: as chosen, else the browser's."""
    if "page_language" not in g:
        chosen = request.cookies.get(COOKIE, "")
        g.page_language = chosen if chosen in LANGUAGES else asked_language()
    language: str = g.page_language
    return language


def asked_language() -> str:
    """The best of our languages by `Accept-Language`; English without that header."""
    return request.accept_languages.best_match(LANGUAGES, ENGLISH)


def translate(english: str, language: str, kind: type[Text], /, **values: str | int) -> Text:
    """A message with its values filled in; numbers are written as the language does.

    `kind` is the type of text that the message is; one of markup escapes the values.
    """
    message = _messages_of(language).get(english) or ""
    if not message:
        one, _, other = english.partition("|")
        message = {"one": one, "other": other} if other else one
        language = ENGLISH
    if isinstance(message, dict):
        category = Locale.parse(language).plural_form(int(values["n"]))
        message = message.get(category) or message["other"]
    written = {
        name: format_decimal(value, locale=language) if isinstance(value, int) else value
        for name, value in values.items()
    }
    return kind(kind(message).format_map(written)) if values else kind(message)


def retold(sentence: str, language: str) -> str:
    """A finished English sentence of the server in another language; English where none is known.

    Errors and advice are raised and stored as English text, often in another process. So the
    messages of a catalogue are looked through for the one that the sentence is, with anything at
    all where the message has a `{name}`.
    """
    if language == ENGLISH:
        return sentence
    return _retold(sentence, language)


def retold_event(event: dict[str, Any], language: str) -> None:
    """Put what an event of a reading says into another language, in place: errors and advice."""
    if language == ENGLISH:
        return
    page = event.get("page") if event["event"] == "page" else None
    for stage in page["stages"] if page else ():
        _retell(stage, ("found", "did"), language)
    for advice in (page["quality"] or {"problems": ()})["problems"] if page else ():
        _retell(advice, ("message", "advice"), language)
    if page and page.get("language"):
        _retell(page["language"], ("reason",), language)
    if event["event"] == "problem":
        _retell(event, ("title", "detail"), language)


def _retell(told: dict[str, Any], members: tuple[str, ...], language: str) -> None:
    for member in members:
        if told.get(member):
            told[member] = retold(told[member], language)


@lru_cache(maxsize=1000)
def _retold(sentence: str, language: str, nested: int = MOST_NESTED) -> str:
    message = _messages_of(language).get(sentence)
    if isinstance(message, str) and message:
        return message
    if listed := _LIST.fullmatch(sentence):
        return translate(LIST, language, str, words=listed[1], last=listed[2])
    for parts, translated in _forms_of(language) if nested else ():
        found = _filled(parts, sentence)
        if found is not None:
            # What fills a gap may be a message itself.
            values = {name: _retold(value, language, nested - 1) for name, value in found.items()}
            return translated.format_map(values)
    if "; " in sentence and nested:
        return "; ".join(_retold(one, language, nested - 1) for one in sentence.split("; "))
    return sentence


def _filled(parts: Sequence[str], sentence: str) -> dict[str, str] | None:
    """What fills the gaps of a message in a sentence; None if it is another one's.

    `parts` are the message's words and the names of its gaps in turn. A gap has one letter at
    least, and ends where the words after it are first found.
    """
    begin, *rest = parts
    *inner, last_name, end = rest
    stop = len(sentence) - len(end)
    if not (sentence.startswith(begin) and sentence.endswith(end)):
        return None
    at, filled = len(begin), dict[str, str]()
    for name, words in zip(inner[::2], inner[1::2], strict=True):
        found = sentence.find(words, at + 1, stop)
        if found < 0:
            return None
        filled[name] = sentence[at:found]
        at = found + len(words)
    filled[last_name] = sentence[at:stop]
    return filled if at < stop else None


@cache
def _forms_of(language: str) -> list[tuple[Sequence[str], str]]:
    """Messages with gaps of the server, those with most words first: the closest is to match."""
    messages = catalogue_of(language).get(SERVER_PART, {})
    return [
        (_GAP.split(english), message)
        for english, message in sorted(messages.items(), key=lambda item: -len(item[0]))
        if _GAP.search(english) and english != LIST and isinstance(message, str) and message
    ]


@cache
def language_name(code: str, language: str) -> str:
    """The name of a language by Tesseract's code, in one of ours."""
    tag = tag_of(code)
    known: Mapping[str, str] = Locale.parse(language).languages
    # The models of vertical and of old text have the tag of the language itself.
    is_variant = code.endswith(("_vert", "_old"))
    name = None if tag is None or is_variant else known.get(tag.replace("-", "_"))
    if language == ENGLISH or name is None:
        return translate(name_of(code), language, str)
    return name
