"""Tell the language of a text by its words, in one process for all slots.

The process is started when the first text comes, keeps the model of py3langid (139 languages, by
features of their bytes) and takes one text after the other, a millisecond each. Worker processes
ask through their own socket to the server (`messages.ask_server`).

Source: M. Lui and T. Baldwin, "langid.py: An Off-the-shelf Language Identification Tool", ACL 2012.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier
from py3langid.modelio import load_model

from ocr_server.deadline import Deadline
from ocr_server.document.languages import LANGUAGES_OF, Guess, tag_of
from ocr_server.errors import OcrServerError
from ocr_server.runtime.messages import TaskFailed
from ocr_server.runtime.worker_context import WorkerContext
from ocr_server.runtime.worker_process import WorkerProcess

# A text takes a millisecond, but loading the model a second, and many on a busy machine: a page
# waits less long than the process may take, so that later pages find the model loaded.
_MOST_WAIT_S, _MOST_S = 20.0, 60.0
_MOST_GUESSES = 8

log = logging.getLogger(__name__)


class LanguageDetector:
    """The process that tells languages, and the queue of the texts that wait for it."""

    def __init__(self, start: Callable[[], WorkerProcess]) -> None:
        """`start` makes the process."""
        self._start = start
        self._process: WorkerProcess | None = None
        self._is_closed = False
        self._lock = threading.Lock()  # `close` may be called while the process is started
        self._thread = ThreadPoolExecutor(1, "language-detector")

    def rank(self, text: str, codes: Sequence[str], deadline: Deadline) -> tuple[Guess, ...]:
        """The likeliest of some languages for a text, best first; none if there is no answer.

        There is none if the time is over, or the process was lost; that never fails a page.
        """
        try:
            asked = self._thread.submit(self._ask, text, tuple(codes))
        except RuntimeError:  # closed
            return ()
        try:
            return asked.result(min(deadline.left_s(), _MOST_WAIT_S))
        except TimeoutError:
            asked.cancel()
        except (OcrServerError, TaskFailed, OSError):
            log.exception("the language of a text could not be told")
        return ()

    def close(self) -> None:
        """End the process; texts that wait get no answer."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._is_closed = True
            if self._process:
                self._process.close()

    def _ask(self, text: str, codes: tuple[str, ...]) -> tuple[Guess, ...]:
        with self._lock:
            if self._is_closed:
                return ()
            self._process = self._process or self._start()
        deadline = Deadline.after(_MOST_S)
        never = threading.Event()
        return self._process.run(tell_language, deadline, never, text=text, codes=codes)


def tell_language(
    _context: WorkerContext, *, text: str, codes: tuple[str, ...]
) -> tuple[Guess, ...]:
    """The task of the detector's process: see `rank`."""
    return rank(text, codes)


def rank(text: str, codes: Sequence[str]) -> tuple[Guess, ...]:
    """The likeliest of some languages for a text, best first; none without letters.

    Loads the model on the first call.
    """
    labels = {label: code for code in codes if (label := _label_of(code)) in _identifier().labels}
    if not labels or not any(map(str.isalpha, text)):
        return ()
    found = [(labels[one], p) for one, p in _identifier().rank(text) if one in labels]
    total = sum(p for _, p in found) or 1.0
    return tuple(Guess(code, p / total) for code, p in found[:_MOST_GUESSES])


@cache
def _identifier() -> LanguageIdentifier:
    """The model for the languages of `LANGUAGES_OF`: half of the memory of all languages."""
    weights, priors, labels, moves, rows, outputs = load_model(MODEL_DIR / MODEL_FILE)
    wanted = {_label_of(code) for codes in LANGUAGES_OF.values() for code in codes}
    kept = [place for place, label in enumerate(labels) if label in wanted]
    return LanguageIdentifier(
        np.ascontiguousarray(weights[:, kept]), priors[kept], [labels[place] for place in kept],
        moves, outputs, norm_probs=True, tk_row=rows,
    )  # fmt: skip


def _label_of(code: str) -> str:
    """The name of a language in py3langid, that of ISO 639-1 if there is such."""
    return (tag_of(code) or "").split("-")[0]
