from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import accuracy
from benchmarks.accuracy import Item, load_items, rate, sample
from benchmarks.quality import fit
from ocr_server.geometry import Box
from tests.drawing import SENTENCE, draw_lines


def item(truth: str, *, boxes: tuple[Box, ...] = (), any_case: bool = False) -> Item:
    return Item("letters", Path("x.png"), truth, boxes, ("eng",), 6, any_case)


def test_a_perfect_reading_has_no_errors() -> None:
    score = rate(item("one two"), "one\ntwo\n", (), cpu_s=1)

    assert (score.cer, score.wer, score.f1) == (0, 0, 1)


def test_errors_are_edits_over_the_length_of_the_truth() -> None:
    score = rate(item("one two"), "one tow three", (), cpu_s=1)

    assert score.cer == 1  # eight edits over seven letters, at most 1
    assert score.wer == 1
    assert score.f1 == pytest.approx(2 / 5)


@pytest.mark.parametrize(("true", "found"), [("“a”–b", '"a"-b'), ("ﬁn", "fin"), ("a  b", "a\nb")])
def test_signs_that_look_alike_are_no_errors(true: str, found: str) -> None:
    assert rate(item(true), found, (), cpu_s=0).cer == 0


def test_capitals_count_unless_the_corpus_says_otherwise() -> None:
    assert rate(item("Total"), "TOTAL", (), cpu_s=0).cer > 0
    assert rate(item("Total", any_case=True), "TOTAL", (), cpu_s=0).cer == 0


def test_a_box_is_found_once_if_one_overlaps_it_by_half() -> None:
    true = (Box(0, 0, 10, 10), Box(20, 0, 30, 10))
    found = (Box(0, 0, 10, 9), Box(0, 0, 9, 10), Box(26, 0, 36, 10))

    score = rate(item("a b", boxes=true), "a b", found, cpu_s=0)

    assert score.box_recall == 0.5
    assert score.box_precision == pytest.approx(1 / 3)


@given(text=st.text(alphabet="ab c", max_size=30), other=st.text(alphabet="ab c", max_size=30))
def test_scores_are_shares(text: str, other: str) -> None:
    score = rate(item(text), other, (), cpu_s=0)

    assert all(0 <= value <= 1 for value in (score.cer, score.wer, score.f1))


def test_a_sample_takes_the_same_few_of_each_category() -> None:
    items = [item("x")] * 5

    assert len(sample(items, 2)) == 2
    assert sample(items, None) == items


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "letters" / "drawn"
    folder.mkdir(parents=True)
    rows = ["category,dataset,name,file"]
    for name, text in (("one", SENTENCE), ("two", "Pack my box with five dozen jugs")):
        draw_lines(text).save(folder / f"{name}.png")
        (folder / f"{name}.gt.txt").write_text(text)
        rows.append(f"letters,drawn,{name},letters/drawn/{name}.png")
    rows.append("letters,drawn,untold,letters/drawn/untold.png")
    (folder / "one.gt.json").write_text(
        json.dumps({"words": [{"text": "The", "bbox": [40, 47, 98, 73]}, {"text": "no box"}]})
    )
    (folder / "meta.json").write_text(json.dumps({"lang": "eng", "psm": 6}))
    (tmp_path / "items.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_pictures_without_a_true_text_are_left_out(corpus: Path) -> None:
    items = load_items(corpus)

    assert [i.path.stem for i in items] == ["one", "two"]
    assert items[0].boxes == (Box(40, 47, 98, 73),)
    assert (items[0].languages, items[0].psm) == (("eng",), 6)


@pytest.mark.tesseract
def test_it_prints_a_table_and_writes_the_figures(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"

    code = accuracy.main([str(corpus), "--json", str(figures), "--without", "deskew"])

    printed = capsys.readouterr().out
    assert code == 0
    assert "| letters (2) | 0.000 → 0.000 |" in printed
    assert "Without deskew." in printed
    answer = json.loads(figures.read_text())
    assert [row["file"] for row in answer["items"]] == [
        "letters/drawn/one.png", "letters/drawn/two.png",
    ]  # fmt: skip
    assert all(row["ours"]["cpu_s"] > 0 for row in answer["items"])


def test_an_empty_corpus_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "items.csv").write_text("category,dataset,name,file\n")

    assert accuracy.main([str(tmp_path)]) == 1
    assert "no picture" in capsys.readouterr().err


@pytest.mark.tesseract
def test_a_language_that_is_not_installed_is_said_before_anything_is_read(corpus: Path) -> None:
    (corpus / "letters" / "drawn" / "meta.json").write_text(json.dumps({"lang": "tlh", "psm": 6}))

    with pytest.raises(SystemExit, match="tlh"):
        accuracy.main([str(corpus)])


def test_the_fit_finds_the_constants_that_made_the_data() -> None:
    random = np.random.default_rng(1)
    features = np.column_stack([np.ones(2000), random.uniform(0, 1, (2000, 2))])
    truth = 1 / (1 + np.exp(-(features @ (-3, 2, 4))))

    assert fit(features, truth) == pytest.approx((-3, 2, 4), abs=0.2)
