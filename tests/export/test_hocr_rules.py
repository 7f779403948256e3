from __future__ import annotations

import pytest

from ocr_server.export.hocr import render_hocr
from ocr_server.export.rendering import Rendering
from ocr_server.job import Detail
from tests.export.documents import two_pages
from tests.export.hocr_rules import hocr_faults

GOOD = b"".join(render_hocr(two_pages(), (), Rendering(Detail.SYMBOL))).decode()

# What is replaced, once or everywhere, and a piece of what is said of it.
BREAKS = {
    "markup": ("</body>", "", "not well-formed"),
    "no XHTML": (' xmlns="http://www.w3.org/1999/xhtml"', "", "not html of XHTML"),
    "no system": ('name="ocr-system"', 'name="system"', "must have one ocr-system"),
    "no capabilities": ('name="ocr-capabilities"', 'name="x"', "must have one ocr-capabilities"),
    "a class not declared": ("ocr_par ocr_line", "ocr_line", "capability ocr_par"),
    "a property not declared": (" ocrp_wconf", "", "capability ocrp_wconf"),
    "an attribute not declared": (" ocrp_lang", "", "capability ocrp_lang"),
    "pages miscounted": ('pages" content="2"', 'pages" content="3"', "number-of-pages is not 2"),
    "pages misnumbered": ("ppageno 1", "ppageno 7", "does not count from 0"),
    "an id twice": ('"word_1_2"', '"word_1_1"', "id stands twice"),
    "an unknown class": ('class="ocr_par"', 'class="ocr_verse"', "class is not known"),
    "a wrong element": ('<div class="ocr_page"', '<div class="ocr_carea"', "stands in"),
    "a word outside a line": ('class="ocr_line"', 'class="ocr_par"', "stands in"),
    "no box": ("bbox 40 30 70 50; ", "", "bbox is missing"),
    "no confidence": ("; x_wconf 90", "", "x_wconf is missing"),
    "a confidence of 900": ("x_wconf 90", "x_wconf 900", "x_wconf is “900”"),
    "a negative confidence": ("x_wconf 90", "x_wconf -1", "x_wconf is “-1”"),
    "a box of three": ("bbox 40 30 70 50", "bbox 40 30 70", "bbox is “40 30 70”"),
    "a box of fractions": ("bbox 40 30 70 50", "bbox 40 30 70 50.5", "bbox is"),
    "a bent baseline": ("baseline 0.0000", "baseline", "baseline is"),
    "a resolution of one": ("scan_res 100 100", "scan_res 100", "scan_res is “100”"),
    "an unknown property": ("; x_wconf 90", "; x_wconf 90; x_mood 3", "x_mood does not belong"),
    "a property twice": ("; x_wconf 90", "; x_wconf 90; x_wconf 90", "stands twice"),
    "a box inside out": ("bbox 40 30 70 50", "bbox 70 30 40 50", "inside out"),
    "a box outside its line": ("bbox 40 30 70 50", "bbox 40 30 70 99", "reaches out"),
    "a letter outside its word": ("x_bboxes 40 30 50 50", "x_bboxes 40 30 99 50", "reaches out"),
}


def test_what_is_right_has_no_faults() -> None:
    assert hocr_faults(GOOD.encode()) == []


@pytest.mark.parametrize(("old", "new", "said"), BREAKS.values(), ids=BREAKS)
def test_each_broken_rule_is_told(old: str, new: str, said: str) -> None:
    broken = GOOD.replace(old, new)

    faults = hocr_faults(broken.encode())

    assert broken != GOOD
    assert any(said in fault for fault in faults), faults
