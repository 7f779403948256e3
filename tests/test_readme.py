"""The README is short, and what it promises is what the server does."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from ocr_server.runtime.watchdog import SAMPLE, draw_sample
from ocr_server.settings import Settings
from tests.documentation import DOCS, README, json_examples, rows_under

MOST_WORDS = 1_200  # as `wc -w` counts: what a newcomer reads to the end


def test_it_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_its_figures_are_those_of_the_page_on_accuracy() -> None:
    # F1 of plain Tesseract, of Tesseract alone, of both readers; the README has the last second.
    f1 = {row[0]: row[4:7] for row in rows_under(DOCS / "accuracy.md", "pictures")}
    measured = {name: [plain, both, alone] for name, (plain, alone, both) in f1.items()}
    told = {row[0]: row[1:] for row in rows_under(README, "pictures")}

    assert told == {pictures: measured[pictures] for pictures in told}


def test_its_other_figures_are_those_of_their_pages() -> None:
    text = README.read_text(encoding="utf-8")
    (ratio,) = re.findall(r"takes (0\.\d+) of the time", text)
    (by_hand,) = re.findall(r"18 pages of modern handwriting F1 is (\.\d{3})", text)
    speed = {row[0]: row[1] for row in rows_under(DOCS / "speed.md", "picture")}
    assert speed["A4, 300 dpi, 840 words"] == ratio
    assert f"F1 {by_hand} in" in (DOCS / "accuracy.md").read_text(encoding="utf-8")


def test_its_limits_are_those_of_the_settings() -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    limits = Settings()

    assert (
        f"up to {limits.max_body_bytes // 2**20} MiB a request, {limits.max_pixels // 10**6} "
        f"megapixels a page and {limits.max_pages} pages a document" in text
    )


@pytest.mark.tesseract
def test_its_answer_is_what_the_server_reads(real_app: Flask) -> None:
    (shown,) = json_examples(README)
    answer = json.loads(real_app.test_client().post("/v1/documents", data=draw_sample()).data)

    (page,) = answer["pages"]
    (shown_page,) = shown["pages"]
    assert answer["text"] == shown["text"] == SAMPLE
    assert (page["width_px"], page["height_px"]) == (
        shown_page["width_px"],
        shown_page["height_px"],
    )
    assert page["zones"][0]["box"] == pytest.approx(shown_page["zones"][0]["box"], abs=3)
