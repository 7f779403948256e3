from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from babel import Locale

from ocr_server.errors import OcrServerError
from ocr_server.web.translation import CATALOGUES, LANGUAGES, SERVER_PART, Message, retold
from tests.web.messages import (
    SCRIPTS,
    TEMPLATES,
    blank_forms,
    messages_by_part,
    unwrapped_of_script,
    unwrapped_of_template,
)

TRANSLATED = [language for language in LANGUAGES if language != "en"]


def test_every_message_is_in_the_catalogues(pytestconfig: pytest.Config) -> None:
    """With `--renew` new ones are put in, empty, and those that nobody says are dropped."""
    wanted = messages_by_part()
    for language in TRANSLATED:
        file = CATALOGUES / f"{language}.json"
        if pytestconfig.getoption("--renew"):
            known = all_of(language)
            renewed = {
                part: {one: known.get(one) or blank_forms(one, language) for one in sorted(keys)}
                for part, keys in wanted.items()
            }
            text = json.dumps(renewed, ensure_ascii=False, indent=1)
            file.write_text(f"{text}\n", encoding="utf-8")
        parts = json.loads(file.read_text(encoding="utf-8"))

        assert {part: set(keys) for part, keys in parts.items()} == wanted, "write it with --renew"


def test_what_is_left_without_the_settings_is_whole_sentences() -> None:
    for message in messages_by_part()[SERVER_PART]:
        if "OCR_" in message or "{setting}" in message:
            told = OcrServerError(message.replace("{setting}", "OCR_MAX")).client_message

            assert re.fullmatch(r"[A-Z{].*[^,;: ](\.|[^.]$)", told), message
            assert not re.search(r"OCR_|, or$|, or\.|[,;:]\.", told), message


def all_of(language: str) -> dict[str, Message]:
    parts = json.loads((CATALOGUES / f"{language}.json").read_text(encoding="utf-8"))
    return {english: message for part in parts.values() for english, message in part.items()}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language: str) -> None:
    """A message without a translation stays English: the run lists it, and does not fail."""
    missing = [
        english
        for english, message in all_of(language).items()
        if not (all(message.values()) if isinstance(message, dict) else message)
    ]

    if missing:
        pytest.xfail(f"{len(missing)} not yet in {LANGUAGES[language]}: {missing[:20]}")


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_values_and_forms_of_its_message(language: str) -> None:
    plural = {*Locale.parse(language).plural_form.tags, "other"}
    for english, message in all_of(language).items():
        assert isinstance(message, dict) == ("|" in english), english
        if isinstance(message, dict):
            assert set(message) == plural, english
        forms = message.values() if isinstance(message, dict) else [message]
        for form in filter(None, forms):
            if isinstance(message, dict):  # a form of one thing need not say how many
                assert holes(form) <= holes(english), (english, form)
            else:
                assert holes(form) == holes(english), (english, form)
            assert re.findall(r"</?\w+>", form) == re.findall(r"</?\w+>", english), form
            assert '"' not in form, "it would end an attribute"
            assert form == form.strip() or english != english.strip(), form


def holes(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("file", sorted(TEMPLATES.glob("*.html")), ids=lambda file: file.name)
def test_a_template_says_nothing_that_is_no_message(file: Path) -> None:
    assert unwrapped_of_template(file) == set()


@pytest.mark.parametrize(
    "file", sorted(SCRIPTS.rglob("*.js")), ids=lambda file: file.relative_to(SCRIPTS).as_posix()
)
def test_a_script_says_nothing_that_is_no_message(file: Path) -> None:
    assert unwrapped_of_script(file) == set()


def test_a_sentence_of_the_server_is_told_again_in_another_language() -> None:
    english = (
        "Reading took longer than 5 s and was stopped. Send fewer or smaller pages, or raise X."
    )

    german = retold(english, "de")

    assert german.startswith("Das Lesen dauerte länger als 5 s")
    assert german.endswith("oder erhöhen Sie X.")
    assert retold(english, "en") == english
    assert retold("Nobody has ever said this.", "de") == "Nobody has ever said this."


def test_what_fills_a_gap_is_told_again_too() -> None:
    assert retold("not sure: It reads like X, which is not installed.", "fr") == (
        "incertain : Cela ressemble à X, qui n’est pas installé."
    )
    assert retold("enlarged to 32 px", "de") == "vergrößert auf 32 px"


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("use auto, keep or drop", "verwenden Sie auto, keep oder drop"),
        (
            "no such option; there are a, b (did you mean b?)",
            "diese Option gibt es nicht; es gibt a, b (meinten Sie b?)",
        ),
        (
            "Languages not installed: de, en (did you mean eng?). Installed are eng. To add what "
            "is missing: apt-get install tesseract-ocr-deu, or build the image with --build-arg "
            "LANGUAGES='deu'.",
            "Nicht installierte Sprachen: de, en (meinten Sie eng?). Installiert sind eng. "
            "Fehlendes hinzufügen: apt-get install tesseract-ocr-deu, oder bauen Sie das Image mit "
            "--build-arg LANGUAGES='deu'.",
        ),
        (
            "'sharpen' (did you mean unsharp?) is not a step; there are contrast, unsharp.",
            "'sharpen' (meinten Sie unsharp?) ist kein Schritt; es gibt contrast, unsharp.",
        ),
        ("use a number from 0 to 1", "verwenden Sie eine Zahl von 0 bis 1"),
        (
            "read cannot be left out; foo is not known; use a, b or c, or several joined by commas",
            "read kann nicht weggelassen werden; foo ist nicht bekannt; "
            "verwenden Sie a, b oder c, oder mehrere durch Kommas verbunden",
        ),
    ],
)
def test_a_list_of_values_keeps_them(english: str, german: str) -> None:
    assert retold(english, "de") == german


@pytest.mark.parametrize("words", ["Not understood: ", "The first: ", "a. ", "("])
def test_a_long_sentence_that_a_client_made_is_looked_at_once(words: str) -> None:
    """Neither are messages looked for without end, nor do all ways to fill the gaps count."""
    sentence = 5_000 * words

    assert len(retold(sentence, "de")) > 4_000


def test_a_finished_sentence_finds_the_message_that_it_was_made_of() -> None:
    """Each with gaps filled is found again, and is that message and no other."""
    for english in messages_by_part()[SERVER_PART]:
        filled = re.sub(r"\{\w+\}", "7", english)
        message = all_of("de")[english]
        assert isinstance(message, str)

        if message:
            assert retold(filled, "de") == re.sub(r"\{\w+\}", "7", message), english
