from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import pytest

from ocr_server.cgroup import DETECTOR_BYTES
from ocr_server.deadline import Deadline
from ocr_server.document.languages import LANGUAGES_OF
from ocr_server.errors import DeadlinePassed
from ocr_server.runtime.language_detector import LanguageDetector, rank
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.settings import Settings
from tests import tasks
from tests.waiting import BOUND_S

GERMAN = "Die Rechnung ist innerhalb von zwei Wochen ohne Abzug zu bezahlen."
FRENCH = "La facture doit être payée dans un délai de deux semaines."
CODES = ("eng", "deu", "fra")


@pytest.fixture
def pool(settings: Settings) -> Iterator[ProcessWorkerPool]:
    pool = ProcessWorkerPool(replace(settings, slots=2))
    yield pool
    pool.close()


@pytest.fixture
def detector(pool: ProcessWorkerPool) -> LanguageDetector:
    return pool._detector


def pid_of(detector: LanguageDetector) -> int:
    assert detector._process
    return detector._process._pid or 0


def late() -> Deadline:
    return Deadline.after(BOUND_S)


@pytest.mark.parametrize("codes", LANGUAGES_OF.values())
def test_each_language_that_is_told_from_others_is_known_to_the_model(
    codes: tuple[str, ...],
) -> None:
    known = {guess.code for code in codes for guess in rank("abc абв ابت अआइ", (code,))}

    assert known == set(codes) or len(codes) == 1 or codes == LANGUAGES_OF["Han"]


def test_probabilities_are_shares_among_the_languages_asked_for() -> None:
    guesses = rank(GERMAN, CODES)

    assert guesses[0].code == "deu"
    assert sum(guess.probability for guess in guesses) == pytest.approx(1)
    assert guesses == tuple(sorted(guesses, key=lambda guess: -guess.probability))


@pytest.mark.parametrize("text", ["", "12.50 €", " "])
def test_a_text_without_letters_is_of_no_language(text: str) -> None:
    assert rank(text, CODES) == ()


@pytest.mark.process
def test_one_process_is_started_with_the_first_text_and_holds_little(
    detector: LanguageDetector,
) -> None:
    assert detector._process is None

    with ThreadPoolExecutor(4) as threads:
        texts = [GERMAN, FRENCH] * 4
        ranks = list(threads.map(lambda text: detector.rank(text, CODES, late()), texts))

    assert [guesses[0].code for guesses in ranks] == ["deu", "fra"] * 4
    assert psutil.Process(pid_of(detector)).memory_full_info().uss <= DETECTOR_BYTES


@pytest.mark.process
def test_a_lost_process_costs_one_answer(detector: LanguageDetector) -> None:
    detector.rank(GERMAN, CODES, late())
    psutil.Process(pid_of(detector)).kill()

    answers = [detector.rank(GERMAN, CODES, late()) for _ in range(2)]

    assert answers[-1][0].code == "deu"


@pytest.mark.process
def test_there_is_no_answer_after_the_deadline(detector: LanguageDetector) -> None:
    assert detector.rank(GERMAN, CODES, Deadline.after(0)) == ()


@pytest.mark.process
def test_a_closed_detector_does_not_answer(detector: LanguageDetector) -> None:
    detector.close()

    assert detector.rank(GERMAN, CODES, late()) == ()


@pytest.mark.process
def test_tasks_of_all_slots_get_their_answers(pool: ProcessWorkerPool) -> None:
    with ThreadPoolExecutor(2) as threads:
        asked = [
            threads.submit(pool.run, tasks.tell_language, late(), threading.Event(), text)
            for text in (GERMAN, FRENCH)
        ]
        answers = [one.result()[0].code for one in asked]

    assert answers == ["deu", "fra"]


@pytest.mark.process
def test_a_task_that_asks_without_end_is_ended_by_its_deadline(pool: ProcessWorkerPool) -> None:
    with pytest.raises(DeadlinePassed):
        pool.run(tasks.ask_without_end, Deadline.after(0.5), threading.Event())
