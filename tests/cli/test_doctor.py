from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from ocr_server.cli import doctor
from ocr_server.cli.doctor import Finding, examine
from ocr_server.cli.main import main
from ocr_server.runtime import watchdog
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.runtime.watchdog import SAMPLE
from tests.serving import FakeTesseract


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    scratch = tmp_path / "storage"
    scratch.mkdir()
    monkeypatch.setenv("OCR_TEMP_DIR", str(scratch))
    monkeypatch.setenv("OCR_SLOTS", "1")
    return tmp_path


def last_words() -> str:
    """Of the finding that hinders all else."""
    *good, bad = examine()
    assert all(finding.is_good for finding in good)
    assert not bad.is_good
    return bad.words


@pytest.mark.tesseract
def test_a_healthy_machine_reads_the_sample(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0

    lines = capfd.readouterr().out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    assert SAMPLE in lines[-1]
    assert lines[-2].endswith("Worker processes have no network.")


@pytest.mark.tesseract
def test_workers_that_could_use_the_network_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProcessWorkerPool, "open_network", "nothing.so is not installed")

    *_, network, sample = examine()

    assert "nothing.so is not installed" in network.words
    assert sample.is_good


def test_a_setting_that_is_not_understood_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_SLOTS", "many")

    assert "OCR_SLOTS" in last_words()


def test_a_file_of_keys_that_cannot_be_read_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_API_KEYS_FILE", str(folder / "nothing"))

    assert "OCR_API_KEYS_FILE" in last_words()


@pytest.mark.process
def test_a_missing_tesseract_is_told_with_its_cure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OCR_ENGINE", "pytesseract")
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(folder / "nothing"))

    assert main(["doctor"]) == 1

    assert "FAIL" in capfd.readouterr().out
    assert "apt-get install" in last_words()


@pytest.mark.process
def test_a_missing_language_is_told_with_those_that_are_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_ENGINE", "pytesseract")
    monkeypatch.setenv("PATH", FakeTesseract(folder / "tesseract").path)
    monkeypatch.setenv("OCR_LANGUAGES", "eng+swa")

    told = last_words()

    assert "not installed: swa" in told
    assert "Installed are eng" in told
    assert "apt-get install tesseract-ocr-swa" in told


@pytest.mark.tesseract
def test_a_sample_read_wrongly_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(watchdog, "SAMPLE", "Something else")
        wrong = watchdog.draw_sample()
    monkeypatch.setattr(doctor, "draw_sample", lambda: wrong)

    assert "Something else" in last_words()


def first_findings(count: int) -> list[Finding]:
    return list(islice(examine(), count))


def test_a_folder_that_is_nearly_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 7 * 2**20})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)

    words = [finding.words for finding in first_findings(2) if not finding.is_good]

    assert "7 MiB left" in words[0]
    assert "OCR_TEMP_DIR" in words[0]


def test_a_folder_that_is_not_there_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_TEMP_DIR", str(folder / "nothing"))

    words = [finding.words for finding in first_findings(2) if not finding.is_good]

    assert "cannot be written to" in words[0]
