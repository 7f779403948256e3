from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.training.lines import Transcribed, cut_line, cut_lines, read_page

PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
<Page imageFilename="one.png" imageWidth="400" imageHeight="200"><TextRegion id="r">
<TextLine id="l"><Coords points="50,40 350,40 350,80 50,80"/><Baseline points="50,75 350,75"/>
<Word id="w"><TextEquiv><Unicode>of a word</Unicode></TextEquiv></Word>
<TextEquiv><Unicode>Grüße</Unicode></TextEquiv></TextLine>
<TextLine id="none"><Coords points="50,90 350,90 350,130"/></TextLine>
</TextRegion></Page></PcGts>"""
ALTO = """<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description>
<sourceImageInformation><fileName>one.png</fileName></sourceImageInformation></Description>
<Layout><Page><PrintSpace><TextBlock><TextLine BASELINE="50,75 350,75"><Shape>
<Polygon POINTS="50 40 350 40 350 80 50 80"/></Shape>
<String CONTENT="Grüße"/><SP/><String CONTENT="aus"/></TextLine>
</TextBlock></PrintSpace></Page></Layout></alto>"""


def sheet() -> np.ndarray:
    """White, with a black bar from (50, 50) to (350, 70)."""
    page = np.full((200, 400), 255, np.uint8)
    page[50:70, 50:350] = 0
    return page


@pytest.mark.parametrize(("xml", "text"), [(PAGE, "Grüße"), (ALTO, "Grüße aus")])
def test_lines_of_a_page_become_pictures(tmp_path: Path, xml: str, text: str) -> None:
    pages, target = tmp_path / "pages", tmp_path / "lines" / "ours"
    pages.mkdir()
    cv2.imwrite(str(pages / "one.png"), sheet())
    (pages / "first.xml").write_text(xml, encoding="utf8")
    (pages / "second.xml").write_text(xml, encoding="utf8")  # the same picture, told once more
    (pages / "broken.xml").write_text("<alto>", encoding="utf8")

    assert cut_lines(pages, target) == (1, 1)

    (row,) = map(json.loads, (target / "lines.jsonl").read_text(encoding="utf8").splitlines())
    assert (row["page"], row["text"]) == ("first", text)
    line = cv2.imread(str(target / row["picture"]), cv2.IMREAD_GRAYSCALE)
    assert line is not None
    assert line.shape == (64, round(306 * 64 / 46))  # 3 px more on each side
    assert line[30].mean() < 10
    assert line[2].mean() > 250
    outline = np.array(row["outline"])
    assert outline.min(axis=0) == pytest.approx([3 * 64 / 46] * 2, abs=0.1)


def test_a_line_that_rises_is_laid_flat() -> None:
    rise = cv2.getRotationMatrix2D((200, 100), 20, 1)
    page = cv2.warpAffine(sheet(), rise, (400, 200), borderValue=255)
    outline = np.array([[50, 40], [350, 40], [350, 80], [50, 80]]) @ rise[:, :2].T + rise[:, 2]

    made = cut_line(page, Transcribed(outline, outline[[3, 2]], "bar"))

    assert made is not None
    picture, _ = made
    assert (picture[31, 20:-20] < 60).all()
    assert (picture[:10] > 200).all()


@pytest.mark.parametrize(
    "outline", [[[0, 0], [300, 0], [300, 7], [0, 7]], [[0, 0], [3, 0], [3, 50], [0, 50]]]
)
def test_what_is_no_line_is_not_cut(outline: list[list[int]]) -> None:
    assert cut_line(sheet(), Transcribed(np.array(outline, float), None, "x")) is None


def test_a_file_of_another_kind_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "mets.xml").write_text("<mets/>", encoding="utf8")

    assert read_page(tmp_path / "mets.xml") == ("", [])
