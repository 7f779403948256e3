from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import faults
from benchmarks.faults import MIB, State, endure, faults_of
from tests.serving import FakeTesseract

WHOLE = State(
    memory_bytes=100 * MIB, server_bytes=50 * MIB,
    open_files=20, slots_alive=2, files_left=0, is_ready=True,
)  # fmt: skip
READ = Counter({200: 9, 503: 1})


def test_a_server_is_whole_after_each_fault(
    tesseract: FakeTesseract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", tesseract.path)
    monkeypatch.setattr(faults, "FULL_S", 0.5)
    monkeypatch.setattr(faults, "STOPPED_S", 0.5)

    before, after, clients = endure(3)

    assert faults_of(before, after, clients.statuses) == []
    assert clients.dropped


@pytest.mark.parametrize(
    ("after", "statuses"),
    [
        (replace(WHOLE, memory_bytes=130 * MIB), READ),
        (replace(WHOLE, server_bytes=65 * MIB), READ),
        (replace(WHOLE, open_files=30), READ),
        (replace(WHOLE, slots_alive=1), READ),
        (replace(WHOLE, files_left=1), READ),
        (replace(WHOLE, is_ready=False), READ),
        (WHOLE, Counter({503: 1})),
        (WHOLE, Counter({200: 9, 500: 1})),
    ],
)
def test_what_is_not_as_it_was_would_be_noticed(after: State, statuses: Counter[int]) -> None:
    assert faults_of(WHOLE, WHOLE, READ) == []
    assert len(faults_of(WHOLE, after, statuses)) == 1
