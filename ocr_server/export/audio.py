"""Speech: a document read aloud by espeak-ng, a program of the system, as one WAV file."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from ocr_server.document.languages import tag_of
from ocr_server.document.line_ends import joined
from ocr_server.document.model import Document, Line
from ocr_server.errors import DeadlinePassed, EngineUnavailable, FormatUnavailable
from ocr_server.export.rendering import Rendering

PROGRAM = "espeak-ng"
MOST_LETTERS = 10_000  # about 12 minutes, of which a second takes 44 KiB
PARAGRAPH_S = 20  # a paragraph of some hundred words takes less than one
RATE_HZ = 22_050  # of every voice of the program; one channel of 16 bits
PAUSE = bytes(RATE_HZ // 3 * 2)  # a third of a second between paragraphs
USUAL_VOICE = "en"
# Where the program has another name for a language than BCP 47.
VOICES = {"zh": "cmn", "no": "nb"}


def has_voice() -> bool:
    """Whether the program is there."""
    return shutil.which(PROGRAM) is not None


def render_audio(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The text as speech, each paragraph in its language; a piece is empty until all is spoken.

    Raises:
        EngineUnavailable: the program is not installed.
        FormatUnavailable: there is no text, or more than `MOST_LETTERS` letters.
        DeadlinePassed: the program does not answer.
    """
    del sources, rendering
    passages = list(_passages(document))
    letters = sum(len(text) for _, text in passages)
    if not letters:
        raise FormatUnavailable("There is no text that could be spoken. Ask for another format.")
    if letters > MOST_LETTERS:
        raise FormatUnavailable(
            f"The text has {letters} letters; {MOST_LETTERS} can be spoken at once. Send fewer "
            "pages.",
            limit=MOST_LETTERS,
        )
    if not has_voice():
        raise EngineUnavailable(
            "This server has no voice. Have its operator install espeak-ng (apt-get install "
            "espeak-ng), or ask for text.",
            engine=PROGRAM,
        )
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        for voice, text in passages:
            sound.writeframes(_spoken(text, voice) + PAUSE)
            yield b""  # so that the time and the caller are looked after
    yield file.getvalue()


def _passages(document: Document) -> Iterator[tuple[str, str]]:
    """The paragraphs, parted where the language changes, each with the voice that it wants."""
    usual = next(iter(document.engine.languages), None)
    for page in document.pages:
        main = page.language.codes[0] if page.language else usual
        paragraphs = (lines for zone in page.zones for lines in zone.paragraphs())
        for paragraph in paragraphs:
            for code, lines in groupby(paragraph, attrgetter("language")):
                text = _text_of(lines)
                if text:
                    yield _voice_of(code or main), text


def _text_of(lines: Iterator[Line]) -> str:
    # Characters that no voice says, such as NUL, would end the program's input.
    return "".join(letter for letter in joined(line.text for line in lines) if letter.isprintable())


def _voice_of(code: str | None) -> str:
    language = (tag_of(code) or USUAL_VOICE).partition("-")[0]
    return VOICES.get(language, language)


def _spoken(text: str, voice: str) -> bytes:
    """The samples of a text; a language that the program does not know has the usual voice.

    The text goes in by standard input, so that nothing of it is taken for an option or for markup.
    """
    for name in (voice, USUAL_VOICE):
        try:
            answer = subprocess.run(  # noqa: S603  # the voice is of our tables, the text is its input
                [PROGRAM, "--stdin", "--stdout", "-b", "1", "-v", name],
                input=text.encode(errors="replace"), capture_output=True, timeout=PARAGRAPH_S,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:  # it was ended, and waited for
            raise DeadlinePassed(
                f"Speaking a paragraph took longer than {PARAGRAPH_S} s and was stopped. Send less."
            ) from error
        samples = answer.stdout.partition(b"data")[2][4:]  # behind the head, which has no length
        if answer.returncode == 0 and samples:
            return samples[: len(samples) // 2 * 2]
    return b""  # nothing in it that could be said
