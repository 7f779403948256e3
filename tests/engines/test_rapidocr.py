from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.characters import is_ideograph
from ocr_server.document.model import Zone
from ocr_server.engines.ppocr import LineFinder, LineReader, ReadLetter
from ocr_server.engines.rapidocr import RapidocrEngine
from ocr_server.errors import DeadlinePassed, EngineFailed, EngineMissing, LanguageMissing
from ocr_server.geometry import Box, Quad
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import HandwritingUse, ReadOptions
from tests.drawing import INK, SENTENCE, draw_lines, place_of

DARK = Canvas(np.zeros((80, 300), np.uint8))
LIGHT = Canvas(np.full((220, 300), 255, np.uint8))


@pytest.fixture(scope="module")
def engine() -> RapidocrEngine:
    return RapidocrEngine()


def drawn(*lines: str) -> Canvas:
    return Canvas(np.asarray(draw_lines(*lines)))


def read(engine: RapidocrEngine, canvas: Canvas, *, symbols: bool = False) -> tuple[Zone, ...]:
    """Read by the network for print alone."""
    options = ReadOptions(symbols=symbols, handwriting=HandwritingUse.NEVER)
    return engine.recognise(canvas, options, Deadline.after(60))


def text_of(engine: RapidocrEngine, canvas: Canvas) -> str:
    return "\n".join(zone.text for zone in read(engine, canvas))


def without(*names: str) -> Callable[[str], ModuleSpec | None]:
    return lambda name: None if name in names else importlib.util.find_spec(name)


@pytest.mark.rapidocr
def test_it_reads(engine: RapidocrEngine) -> None:
    assert text_of(engine, drawn(SENTENCE)) == SENTENCE


@pytest.mark.rapidocr
@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
def test_grey_coloured_and_one_bit_pictures_are_read(engine: RapidocrEngine, mode: str) -> None:
    picture = draw_lines("A plain line", mode=mode)
    pixels = np.asarray(picture.convert("L") if mode == "1" else picture)

    assert text_of(engine, Canvas(pixels)) == "A plain line"


@pytest.mark.rapidocr
def test_words_stand_where_they_were_drawn(engine: RapidocrEngine) -> None:
    (zone,) = read(engine, drawn(SENTENCE))
    left, _, right, _ = place_of(SENTENCE)
    of_fox, of_the = place_of("The quick brown "), place_of("The quick brown fox ")

    words = zone.lines[0].words
    assert [word.text for word in words] == SENTENCE.split()
    # The network tells places in steps of an eighth of the line's height, 5 px here.
    assert (words[0].box.left, words[-1].box.right) == pytest.approx((left, right), abs=12)
    assert (words[3].box.left, words[3].box.right) == pytest.approx((of_fox[2], of_the[2]), abs=15)
    assert all(0 <= word.confidence <= 1 for word in words)


@pytest.mark.rapidocr
def test_where_the_network_doubts_it_takes_the_letter(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    likely = np.zeros((20, 100), np.float32)
    likely[:, 0] = 1.0  # no letter
    likely[5:9:2, 0], likely[5:9:2, 50] = 0.55, 0.45  # twice the same one, most likely none
    likely[12, 0], likely[12, 50] = 0.75, 0.25  # hardly one
    monkeypatch.setattr(LineReader, "_run", lambda *_: likely.copy())

    (zone,) = read(engine, drawn("word"))

    assert len(zone.text) == 2


@pytest.mark.rapidocr
def test_the_baseline_runs_under_the_letters(engine: RapidocrEngine) -> None:
    word = "noun" * 5
    (zone,) = read(engine, drawn(word))
    _, top, _, bottom = place_of(word)

    line = zone.lines[0]
    assert [point.y for point in line.baseline] == pytest.approx([bottom, bottom], abs=5)
    assert line.x_height_px == pytest.approx(bottom - top, rel=0.3)


@pytest.mark.rapidocr
def test_symbols_are_told_on_request_and_only_then(engine: RapidocrEngine) -> None:
    for wanted in (True, False):
        (zone,) = read(engine, drawn("Symbols"), symbols=wanted)

        symbols = zone.words[0].symbols
        assert "".join(symbol.text for symbol in symbols) == ("Symbols" if wanted else "")


@pytest.mark.rapidocr
@pytest.mark.parametrize(("turns", "angle_deg"), [(1, 90), (3, -90)])
def test_a_line_that_runs_down_or_up_the_page_is_read_from_its_own_top_left(
    engine: RapidocrEngine, turns: int, angle_deg: float
) -> None:
    (zone,) = read(engine, drawn("Running along").rotated_90(turns))

    line = zone.lines[0]
    assert line.text == "Running along"
    assert line.quad.angle_deg == pytest.approx(angle_deg, abs=3)


@pytest.mark.rapidocr
def test_a_fraction_is_read_from_top_to_bottom(engine: RapidocrEngine) -> None:
    page = draw_lines("Simplify these fractions", "", "", size_px=32)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(30)
    for left, word in ((50, "Add"), (200, "to")):
        draw.text((left, 104), word, fill=INK, font=font)
    for left, upper, lower in ((140, "2", "3"), (260, "9", "5")):
        draw.text((left, 84), upper, fill=INK, font=font)
        draw.rectangle((left - 4, 122, left + 22, 124), fill=INK)
        draw.text((left, 120), lower, fill=INK, font=font)

    text = text_of(engine, Canvas(np.asarray(page)))

    assert text.split() == ["Simplify", "these", "fractions", "Add", "2", "3", "to", "9", "5"]


@pytest.mark.rapidocr
def test_cells_of_a_row_are_one_line(engine: RapidocrEngine) -> None:
    page = draw_lines("Bread", "Butter", "Total", width_px=700)
    right = draw_lines("1.20", "3.40", "4.60")
    page.paste(right, (700 - right.width, 0))

    text = text_of(engine, Canvas(np.asarray(page)))

    assert text.split("\n") == ["Bread 1.20", "Butter 3.40", "Total 4.60"]


@pytest.mark.rapidocr
@pytest.mark.parametrize("size", [(1, 1), (3, 300), (300, 3), (400, 300), (20, 6000)])
def test_what_is_blank_or_tiny_has_no_zones(engine: RapidocrEngine, size: tuple[int, int]) -> None:
    assert read(engine, Canvas(np.full(size, 255, np.uint8))) == ()


@pytest.mark.rapidocr
def test_columns_are_read_one_after_the_other(engine: RapidocrEngine) -> None:
    left = draw_lines(
        "First lines of a column", "Second lines of it here", "Third and last of these", size_px=24
    )
    right = draw_lines(
        "Fourth stands at the top", "Fifth is under it here", "Sixth is the last of all", size_px=24
    )
    page = Image.new("L", (left.width + right.width, left.height), 255)
    page.paste(left, (0, 0))
    page.paste(right, (left.width, 0))

    text = text_of(engine, Canvas(np.asarray(page)))

    order = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
    assert [line.split()[0] for line in text.splitlines()] == list(order)


@pytest.mark.rapidocr
def test_threads_read_the_same(engine: RapidocrEngine) -> None:
    canvases = [drawn(f"Line number {i}") for i in range(3)]

    with ThreadPoolExecutor(3) as threads:
        texts = list(threads.map(lambda canvas: text_of(engine, canvas), canvases))

    assert texts == [f"Line number {i}" for i in range(3)]


@pytest.mark.rapidocr
def test_nothing_is_ever_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    assert text_of(RapidocrEngine(), drawn("Alone")) == "Alone"


@pytest.mark.rapidocr
@pytest.mark.parametrize("more_bytes", [2**24, 2**27])  # refused before the network, and in it
def test_memory_that_is_refused_is_no_fault_of_the_engine(more_bytes: int) -> None:
    script = """if True:
        import resource
        import sys
        import numpy as np
        from ocr_server.deadline import Deadline
        from ocr_server.imaging.canvas import Canvas
        from ocr_server.job import ReadOptions
        from ocr_server.engines.rapidocr import RapidocrEngine

        def read(side):
            canvas = Canvas(np.full((side, side), 255, np.uint8))
            engine.recognise(canvas, ReadOptions(), Deadline.after(60))

        engine = RapidocrEngine()
        read(64)
        held = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (held + int(sys.argv[1]),) * 2)
        try:
            read(1400)
        except MemoryError:
            print("refused")
    """

    done = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-c", script, str(more_bytes)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "refused\n"


@pytest.mark.rapidocr
@pytest.mark.parametrize("network", ["_finder", "_latin"])
def test_an_error_of_the_library_is_told_as_the_engines(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    class Fails:
        def run(self, *_: object) -> None:
            raise ValueError("odd picture")

    monkeypatch.setitem(vars(getattr(engine, network)), "_session", Fails())

    with pytest.raises(EngineFailed):
        text_of(engine, drawn("word"))


@pytest.mark.rapidocr
@pytest.mark.parametrize(
    ("said", "told"), [("std::bad_alloc", MemoryError), ("odd model", EngineFailed)]
)
def test_an_error_while_the_networks_are_loaded_is_told_likewise(
    monkeypatch: pytest.MonkeyPatch, said: str, told: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr("onnxruntime.InferenceSession", fail)

    with pytest.raises(told):
        text_of(RapidocrEngine(), drawn("word"))


@pytest.mark.rapidocr
def test_a_script_that_it_cannot_write_is_refused(engine: RapidocrEngine) -> None:
    with pytest.raises(LanguageMissing, match="rus"):
        engine.recognise(DARK, ReadOptions(languages=("eng", "rus")), Deadline.after(30))


@pytest.mark.rapidocr
def test_nothing_is_read_after_the_deadline(engine: RapidocrEngine) -> None:
    with pytest.raises(DeadlinePassed):
        engine.recognise(DARK, ReadOptions(), Deadline.after(0))


@pytest.mark.rapidocr
def test_it_tells_who_it_is(engine: RapidocrEngine) -> None:
    info = engine.describe()

    assert info.name == "rapidocr"
    assert info.version == "PP-OCRv6"
    assert {"eng", "fra", "chi_sim"} <= set(info.languages)


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr_server.engines.ppocr.find_spec", without("onnxruntime"))

    with pytest.raises(EngineMissing, match='pipenv sync --categories "packages second-reader"'):
        RapidocrEngine().describe()


@pytest.mark.rapidocr
def test_a_package_that_cannot_be_imported_is_missing_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(EngineMissing, match="second-reader"):
        RapidocrEngine().recognise(DARK, ReadOptions(), Deadline.after(30))


@pytest.mark.rapidocr
def test_without_the_letters_of_chinese_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ocr_server.engines.ppocr.find_spec", without("rapidocr"))
    engine = RapidocrEngine()

    assert "chi_sim" not in engine.describe().languages
    with pytest.raises(LanguageMissing, match='"packages second-reader ideographs"'):
        engine.recognise(DARK, ReadOptions(languages=("jpn",)), Deadline.after(30))


@pytest.mark.rapidocr
def test_chinese_and_japanese_are_read_by_the_whole_reader() -> None:
    engine = RapidocrEngine()
    options = ReadOptions(languages=("eng", "jpn"))

    (zone,) = engine.recognise(drawn("Words 123"), options, Deadline.after(60))

    assert zone.text == "Words 123"
    assert engine._whole is not None
    assert set("天十い") <= set(engine._whole._letters)
    assert not any(is_ideograph(letter) for letter in engine._latin._letters if letter)


@pytest.mark.rapidocr
def test_vertical_writing_is_read_from_right_to_left() -> None:
    engine = RapidocrEngine()
    options = ReadOptions(languages=("jpn_vert",))
    canvas = drawn("The first line", "The second one", "The last line").rotated_90(1)

    zones = engine.recognise(canvas, options, Deadline.after(60))

    read = [line.text for zone in zones for line in zone.lines]
    assert read == ["The first line", "The second one", "The last line"]


@pytest.mark.rapidocr
def test_every_letter_of_the_languages_is_known(engine: RapidocrEngine) -> None:
    alphabet = "ÀàÄäÅåÆæÇçĐđÐðĒēÉéĞğİıÍíŁłÑñŐőØøŒœẞßŞşŠšŢţȚțŪūÛûŸÿŽžÞþĦħĊċƏə"  # some of each

    assert set(alphabet) - set(engine._latin._letters) <= set("ẞ")


@pytest.mark.rapidocr
def test_spaced_letters_are_one_word(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ("L E J AR D IN", "1 2 3", "I am a")
    monkeypatch.setattr(LineFinder, "find", rows(3))
    monkeypatch.setattr(LineReader, "letters_of", answers(*(letters_of(text) for text in found)))

    lines = [line.text for zone in read(engine, LIGHT) for line in zone.lines]

    assert lines == ["LEJARDIN", "1 2 3", "I am a"]


@pytest.mark.rapidocr
@pytest.mark.parametrize("text", ["", " "])
def test_a_line_without_letters_is_none(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(LineFinder, "find", rows(1))
    monkeypatch.setattr(LineReader, "letters_of", answers(letters_of(text)))

    assert read(engine, LIGHT) == ()


@pytest.mark.rapidocr
@pytest.mark.parametrize(
    ("confidences", "words"),
    [((0.1, 0.1, 0.65), ["ab"]), ((0.1, 0.2, 0.3), []), ((0.2, 0.2, 0.7), ["88", "ab"])],
)
def test_of_a_line_that_is_mostly_guessed_only_sure_words_are_kept(
    engine: RapidocrEngine,
    monkeypatch: pytest.MonkeyPatch,
    confidences: tuple[float, ...],
    words: list[str],
) -> None:
    first, second, third = confidences
    doubtful = letters_of("88 ab", (first, second, 0.0, third, third))
    monkeypatch.setattr(LineFinder, "find", rows(2))
    monkeypatch.setattr(LineReader, "letters_of", answers(letters_of("x" * 40), doubtful))

    texts = [word.text for zone in read(engine, LIGHT) for word in zone.words]

    assert [text for text in texts if text != "x" * 40] == words


@pytest.mark.rapidocr
def test_where_all_is_guessed_guesses_are_kept(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LineFinder, "find", rows(1))
    monkeypatch.setattr(LineReader, "letters_of", answers(letters_of("88 ab", (0.3,) * 5)))

    assert [word.text for zone in read(engine, LIGHT) for word in zone.words] == ["88", "ab"]


def rows(count: int) -> Callable[..., list[Quad]]:
    """What the first network finds: lines one below the other."""
    quads = [Box(10, 10 + 60 * row, 210, 50 + 60 * row).quad() for row in range(count)]
    return lambda *_: quads


def answers(*lines: tuple[ReadLetter, ...]) -> Callable[..., tuple[ReadLetter, ...]]:
    """What the second network reads in one line after the other."""
    rest = iter(lines)
    return lambda *_: next(rest)


def letters_of(text: str, confidences: Sequence[float] = ()) -> tuple[ReadLetter, ...]:
    """The letters of a line, at equal distances; sure ones unless confidences are given."""
    places = enumerate(zip(text, confidences or [1.0] * len(text), strict=True))
    return tuple(
        ReadLetter(one, confidence, (at + 0.5) / len(text)) for at, (one, confidence) in places
    )


def read_by_both(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch, print_: str, written: str
) -> tuple[list[str], list[bool]]:
    """The lines when each network reads so; a line is `text:confidence`, lines divided by `/`.

    The language has no model of words, and the network for print stands for that for handwriting.
    """
    lines = [line.split(":") for line in [*print_.split("/"), *written.split("/")] if line]
    found = [letters_of(text, [float(sure)] * len(text)) for text, sure in lines]
    monkeypatch.setattr(LineFinder, "find", rows(len(print_.split("/"))))
    monkeypatch.setattr(LineReader, "letters_of", answers(*found))
    monkeypatch.setattr(engine, "_handwriting", LineReader())
    zones = engine.recognise(LIGHT, ReadOptions(languages=("lat",)), Deadline.after(60))
    read_lines = [line for zone in zones for line in zone.lines]
    return [line.text for line in read_lines], [line.handwritten for line in read_lines]


@pytest.mark.rapidocr
def test_a_page_is_read_as_handwriting_if_that_is_surer(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, by_hand = read_by_both(engine, monkeypatch, "aaaa:0.8/bbbb:0.9", "cccc:0.9/dddd:0.85")

    assert texts == ["cccc", "dddd"]
    assert by_hand == [True, True]


@pytest.mark.rapidocr
def test_a_page_that_handwriting_is_not_surer_of_stays_as_it_is(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, by_hand = read_by_both(engine, monkeypatch, "aaaa:0.8/bbbb:0.8", "cccc:0.9/dddd:0.6")

    assert texts == ["aaaa", "bbbb"]
    assert by_hand == [False, False]


@pytest.mark.rapidocr
def test_where_five_lines_are_handwritten_the_rest_is_not_read_as_print(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed, written = [letters_of("aaaa", [0.8] * 4)] * 5, [letters_of("cccc", [0.9] * 4)] * 5
    rest = [letters_of("dddd", [0.5] * 4), (), letters_of("eeee", [0.7] * 4)]
    monkeypatch.setattr(LineFinder, "find", rows(7))
    monkeypatch.setattr(LineReader, "letters_of", answers(*printed, *written, *rest))
    monkeypatch.setattr(engine, "_handwriting", LineReader())

    zones = engine.recognise(LIGHT, ReadOptions(languages=("lat",)), Deadline.after(60))

    lines = [line for zone in zones for line in zone.lines]
    # The last one is empty to the network for handwriting, so that for print is asked.
    assert [line.text for line in lines] == ["cccc"] * 5 + ["dddd", "eeee"]
    assert [line.handwritten for line in lines] == [True] * 6 + [False]


@pytest.mark.rapidocr
def test_where_five_lines_are_surely_print_the_page_is(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sure, doubtful = [letters_of("aaaa", [0.99] * 4)] * 5, [letters_of("bbbb", [0.5] * 4)] * 2
    written = [letters_of("cccc", [0.95] * 4)] * 7
    monkeypatch.setattr(LineFinder, "find", rows(7))
    monkeypatch.setattr(LineReader, "letters_of", answers(*sure, *doubtful, *written))
    monkeypatch.setattr(engine, "_handwriting", LineReader())

    zones = engine.recognise(LIGHT, ReadOptions(languages=("lat",)), Deadline.after(60))

    lines = [line for zone in zones for line in zone.lines]
    assert [line.text for line in lines] == ["aaaa"] * 5 + ["bbbb"] * 2
    assert not any(line.handwritten for line in lines)


@pytest.mark.rapidocr
@pytest.mark.parametrize(("text", "by_hand"), [("hcnsc wjnd", True), ("house wind", False)])
def test_doubtful_print_with_words_of_the_language_is_no_handwriting(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch, text: str, by_hand: bool
) -> None:
    doubtful, other = (letters_of(words, [0.9] * 10) for words in (text, "horse mind"))
    monkeypatch.setattr(LineFinder, "find", rows(1))
    monkeypatch.setattr(LineReader, "letters_of", answers(doubtful, other, other))
    monkeypatch.setattr(engine, "_handwriting", LineReader())

    (zone,) = engine.recognise(LIGHT, ReadOptions(languages=("eng",)), Deadline.after(60))

    assert zone.text == ("horse mind" if by_hand else text)
    assert zone.handwritten is by_hand


@pytest.mark.rapidocr
def test_a_page_of_clear_print_is_read_once(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, by_hand = read_by_both(engine, monkeypatch, "aaaa:0.98/bbbb:0.97", "")

    assert texts == ["aaaa", "bbbb"]
    assert by_hand == [False, False]


@pytest.mark.rapidocr
@pytest.mark.parametrize(
    "options",
    [ReadOptions(languages=("pol",)), ReadOptions(handwriting=HandwritingUse.NEVER)],
)
def test_handwriting_is_not_read_in_other_letters_or_where_it_is_not_wanted(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch, options: ReadOptions
) -> None:
    monkeypatch.setattr(LineFinder, "find", rows(1))
    monkeypatch.setattr(LineReader, "letters_of", answers(letters_of("aaaa", [0.7] * 4)))
    monkeypatch.setattr(engine, "_handwriting", LineReader())

    (zone,) = engine.recognise(LIGHT, options, Deadline.after(60))

    assert not zone.handwritten


@pytest.mark.rapidocr
def test_a_network_of_the_operator_s_own_takes_the_place_of_the_server_s(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(LineReader().path.read_bytes())
    found = answers(letters_of("aaaa", [0.5] * 4), letters_of("bbbb", [0.9] * 4))
    monkeypatch.setattr(LineFinder, "find", rows(1))
    monkeypatch.setattr(LineReader, "letters_of", found)
    monkeypatch.setattr(engine, "_handwriting", None)
    options = ReadOptions(languages=("lat",), handwriting_model=str(own))

    (zone,) = engine.recognise(LIGHT, options, Deadline.after(60))

    assert zone.text == "bbbb"
    assert zone.handwritten


@pytest.mark.rapidocr
def test_a_network_that_cannot_be_read_is_told(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    monkeypatch.setattr(LineFinder, "find", rows(1))
    monkeypatch.setattr(LineReader, "letters_of", answers(letters_of("aaaa", [0.5] * 4)))
    options = ReadOptions(languages=("lat",), handwriting_model=str(broken))

    with pytest.raises(EngineFailed):
        engine.recognise(LIGHT, options, Deadline.after(60))


@pytest.mark.rapidocr
def test_live_handwriting_is_read_by_its_own_network_alone(
    engine: RapidocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_latin", None)
    monkeypatch.setattr(engine, "_live", LineReader())
    options = ReadOptions(languages=("lat",), handwriting=HandwritingUse.LIVE)

    (zone,) = engine.recognise(drawn(SENTENCE), options, Deadline.after(60))

    assert zone.text == SENTENCE
    assert zone.handwritten


@pytest.mark.rapidocr
def test_a_single_line_is_read_in_the_letters_of_an_alphabet(engine: RapidocrEngine) -> None:
    options = ReadOptions(handwriting=HandwritingUse.LINE, alphabet="0123456789")

    (zone,) = engine.recognise(drawn("1O58 I2l5"), options, Deadline.after(60))

    assert zone.text.isdigit()
    assert len(zone.text) >= 6
    assert zone.handwritten


@pytest.mark.rapidocr
def test_without_networks_for_handwriting_all_is_read_as_print(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ocr_server.engines.ppocr.HANDWRITING", tmp_path / "none.onnx")
    monkeypatch.setattr("ocr_server.engines.ppocr.TINY_HANDWRITING", tmp_path / "none.onnx")
    engine = RapidocrEngine()

    for use in (HandwritingUse.AUTO, HandwritingUse.NEVER, HandwritingUse.LIVE):
        (zone,) = engine.recognise(
            drawn(SENTENCE), ReadOptions(handwriting=use), Deadline.after(60)
        )

        assert zone.text == SENTENCE
        assert not zone.handwritten
