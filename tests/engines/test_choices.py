from __future__ import annotations

import pytest

from ocr_server import settings
from ocr_server.engines import ENGINE_CHOICES, describe_choice
from ocr_server.errors import EngineMissing
from ocr_server.settings import Settings
from tests.fakes import AllBut


def test_what_can_be_asked_for_can_be_set() -> None:
    """An engine that is missing in `settings.ENGINE_MEANINGS` would be refused as `OCR_ENGINE`."""
    assert settings.ENGINE_MEANINGS.keys() == ENGINE_CHOICES.keys()


@pytest.mark.parametrize(
    ("choice", "missing", "names"),
    [
        ("auto", (), "tesserocr+rapidocr"),
        ("auto", ("rapidocr",), "tesserocr"),
        ("auto", ("tesserocr",), "pytesseract+rapidocr"),
        ("auto", ("tesserocr", "rapidocr"), "pytesseract"),
        ("tesseract", (), "tesserocr"),
        ("tesseract", ("tesserocr",), "pytesseract"),
        ("best", ("tesserocr",), "pytesseract+rapidocr"),
    ],
)
def test_a_choice_takes_the_best_of_what_is_installed(
    choice: str, missing: tuple[str, ...], names: str
) -> None:
    assert describe_choice(choice, AllBut(*missing)).name == names


@pytest.mark.parametrize("choice", ["auto", "tesseract", "best"])
def test_without_any_tesseract_there_is_nothing_to_read_with(choice: str) -> None:
    with pytest.raises(EngineMissing, match="pytesseract"):
        describe_choice(choice, AllBut("tesserocr", "pytesseract"))


def test_the_best_that_is_installed_reads_unless_told_otherwise() -> None:
    assert Settings().engine == "auto"


@pytest.mark.tesseract
@pytest.mark.rapidocr
def test_all_that_the_tests_bring_is_used() -> None:
    assert describe_choice("auto").name == "tesserocr+rapidocr"
