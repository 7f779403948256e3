from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.mutations import drawn, main, mutated
from ocr_server.sources.signatures import media_type_of
from tests.serving import FakeTesseract


def test_every_kind_of_file_is_drawn() -> None:
    kinds = {media_type_of(data) for data in drawn().values()}

    assert len(kinds) >= 11  # ten of pictures, PDF, and None for the office file


def test_the_same_seed_mutates_alike_and_another_does_not() -> None:
    data = bytes(range(256)) * 10

    def some(seed: int) -> list[bytes]:
        chance = random.Random(seed)  # noqa: S311  # drawn, not secret
        return [mutated(data, chance) for _ in range(20)]

    assert some(1) == some(1) != some(2)
    assert data not in some(1)


@pytest.mark.process
def test_mutated_files_are_sent_and_what_is_left_is_told(
    tesseract: FakeTesseract, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("PATH", tesseract.path)
    (tmp_path / "a.gif").write_bytes(b"GIF89a")

    main([str(tmp_path), "--count", "30"])

    told = capsys.readouterr().out
    assert "30 mutations of 18 files" in told
    assert "422 damaged-picture" in told
    assert "files left 0" in told
