from __future__ import annotations

import io
import json
import os
import stat
import sys
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from ocr_server.document.model import Zone
from ocr_server.errors import DeadlinePassed, EngineUnavailable, FormatUnavailable
from ocr_server.export import audio
from ocr_server.export.rendering import Rendering
from tests.export.documents import document, page, zone

# A program that notes how it was called, and answers a second of silence as espeak-ng does.
SPEAKER = """#!{python}
import json, sys, time
text = sys.stdin.buffer.read().decode()
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], text]) + "\\n")
if {sleep}:
    time.sleep({sleep})
if sys.argv[-1] == "la":
    sys.exit(1)
head = b"RIFF\\x24\\xf0\\xff\\x7fWAVEfmt " + bytes(20) + b"data\\x00\\xf0\\xff\\x7f"
sys.stdout.buffer.write(head + bytes(44_100))
"""


def put_speaker(folder: Path, monkeypatch: pytest.MonkeyPatch, *, sleep: int = 0) -> Path:
    log = folder / "log"
    program = folder / "espeak-ng"
    program.write_text(SPEAKER.format(python=sys.executable, log=str(log), sleep=sleep))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return log


def in_languages(text: str, *languages: str) -> Zone:
    """A zone whose paragraphs are in these languages."""
    made = zone(*text.split("\n\n"))
    lines = (replace(one, language=languages[one.paragraph]) for one in made.lines)
    return replace(made, lines=tuple(lines))


def calls_of(log: Path) -> list[tuple[list[str], str]]:
    return [(args, text) for args, text in map(json.loads, log.read_text().splitlines())]


@pytest.mark.process
def test_each_paragraph_is_spoken_in_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_speaker(tmp_path, monkeypatch)
    content = b"".join(
        audio.render_audio(
            document(page(in_languages("one\n\nGuten Tag; -v $(id)", "eng", "deu"))),
            (),
            Rendering(),
        )
    )

    assert [(args[-1], text) for args, text in calls_of(log)] == [
        ("en", "one"),
        ("de", "Guten Tag; -v $(id)"),
    ]
    assert not any("Guten" in argument for args, _ in calls_of(log) for argument in args)
    with wave.open(io.BytesIO(content)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        assert sound.getframerate() == audio.RATE_HZ
        assert sound.getnframes() == 2 * (22_050 + len(audio.PAUSE) // 2)


@pytest.mark.process
def test_a_language_without_a_voice_has_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_speaker(tmp_path, monkeypatch)
    list(audio.render_audio(document(page(in_languages("salve", "lat"))), (), Rendering()))

    assert [args[-1] for args, _ in calls_of(log)] == ["la", "en"]


@pytest.mark.process
def test_a_program_that_does_not_answer_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_speaker(tmp_path, monkeypatch, sleep=60)
    monkeypatch.setattr(audio, "PARAGRAPH_S", 1)

    with pytest.raises(DeadlinePassed, match="longer than 1 s"):
        list(audio.render_audio(document(page(zone("one"))), (), Rendering()))


def test_speech_without_the_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EngineUnavailable, match="espeak-ng"):
        list(audio.render_audio(document(page(zone("one"))), (), Rendering()))


def test_speech_of_no_text_or_too_much_is_refused() -> None:
    with pytest.raises(FormatUnavailable, match="no text"):
        list(audio.render_audio(document(page()), (), Rendering()))
    with pytest.raises(FormatUnavailable, match="10000 can be spoken"):
        list(audio.render_audio(document(page(zone("word " * 2001))), (), Rendering()))
