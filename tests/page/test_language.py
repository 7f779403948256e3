from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.languages import Guess
from ocr_server.document.model import EngineInfo, Page, Zone, ZoneKind
from ocr_server.engines.engine import Engine, Script
from ocr_server.engines.tesseract_cli import CALIBRATION
from ocr_server.geometry import Box, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import PSM_OF_LAYOUT, Layout, ReadOptions, ZoneSpec
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from ocr_server.runtime.language_detector import rank
from tests.drawing import draw_lines
from tests.fakes import line_of

ENGLISH = (
    "It was a cold morning and the people of the town were waiting for the train that would bring "
    "them the news from the capital"
)
GERMAN = (
    "Es war ein kalter Morgen und die Leute der Stadt warteten auf den Zug der ihnen die "
    "Nachrichten aus der Hauptstadt bringen sollte"
)
BLACKLETTER = GERMAN.replace("is", "i\u017f").replace("st", "\u017ft").replace("so", "\u017fo")
FINNISH = (
    "Oli kylmä aamu ja kaupungin ihmiset odottivat junaa joka toisi heille uutisia pääkaupungista "
    "ennen kuin talvi alkaisi"
)
RUSSIAN = (
    "Было холодное утро и жители города ждали поезда который должен был привезти им новости из "
    "столицы"
)
UKRAINIAN = (
    "Був холодний ранок і мешканці міста чекали на потяг який мав привезти їм новини зі столиці"  # noqa: RUF001
)
MISREAD = "bbino xonoxHoe yTpo u xuTenu ropoxa xxanu noesga KoTopbiu"
JAPANESE = "これは日本語で書かれた縦書きの文章です"
PAGE = Canvas(np.asarray(draw_lines(*["Some words of a page"] * 8, width_px=900)))
LINE = Canvas(np.asarray(draw_lines("Some words of a page")))
PIECE = Canvas(np.asarray(draw_lines("Some words of a page"))[20:60].copy())
LONG_PIECE = Canvas(
    np.asarray(draw_lines("Some words of a page and some more of it"))[20:60].copy()
)


@dataclass
class Polyglot(Engine):
    """Reads in each language the text and confidence that it was given for it."""

    name = "fake"
    calibration = replace(CALIBRATION, shares_right=())  # says what it is given

    texts: Mapping[str, tuple[str, float]]
    script: Script | None = None
    installed: tuple[str, ...] = ()
    readings: list[tuple[str, int]] = field(default_factory=list)

    def describe(self) -> EngineInfo:
        return EngineInfo("fake", "1.0", self.installed or tuple(self.texts))

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        deadline.check()
        self.readings.append(("+".join(options.languages), options.psm))
        text, confidence = self.texts[options.languages[0]]
        return (zone_of(text, confidence),) if text else ()

    def detect_script(self, canvas: Canvas, deadline: Deadline) -> Script | None:
        return self.script

    @property
    def languages(self) -> list[str]:
        """The languages of all readings, in order."""
        return [languages for languages, _ in self.readings]


class ReadsAll(Polyglot):
    """Reads all languages with one model."""

    ignores_language = True


def zone_of(text: str, confidence: float) -> Zone:
    line = line_of(tuple(text.split()), confidence=confidence)
    return Zone(ZoneKind.TEXT, line.quad, (line,))


def read(
    engine: Polyglot, *, canvas: Canvas = PAGE, told: bool = False, answers: bool = True,
    **asked: object,
) -> Page:  # fmt: skip
    asked = {"skip_stages": ("missed",), **asked}
    options = ReadOptions(
        auto_language=not told,
        installed=engine.describe().languages,
        **asked,  # type: ignore[arg-type]  # whatever the test asks for
    )
    context = ReadContext(
        engine, Deadline.after(60), rank_languages=rank if answers else lambda _text, _codes: ()
    )
    return read_page(canvas, number=1, options=options, context=context)


def advice_of(page: Page) -> list[str]:
    assert page.quality
    problems = page.quality.problems
    return [f"{one.message} {one.advice}" for one in problems if one.code == "other-language"]


def test_a_page_in_the_first_language_is_read_once() -> None:
    engine = Polyglot({"eng": (ENGLISH, 0.9), "deu": (ENGLISH, 0.8)})

    page = read(engine)

    assert page.language
    assert (page.language.codes, page.language.is_sure) == (("eng",), True)
    assert page.language.confidence > 0.95
    assert engine.languages == ["eng"]


def test_a_page_in_another_language_is_read_again_in_that() -> None:
    engine = Polyglot({"eng": (GERMAN.replace("ü", "ii"), 0.85), "deu": (GERMAN, 0.95)})

    page = read(engine)

    assert page.language
    assert (page.language.codes, page.language.is_sure) == (("deu",), True)
    assert page.text == GERMAN
    assert engine.languages == ["eng", "deu"]


def test_what_is_done_for_poor_readings_is_done_in_the_language_that_was_found() -> None:
    engine = Polyglot({"eng": (GERMAN, 0.6), "deu": (GERMAN, 0.7)})

    read(engine)

    assert engine.languages[0] == "eng"
    assert len(engine.languages) > 2
    assert set(engine.languages[1:]) == {"deu"}


def test_a_reading_that_is_worse_in_the_language_found_is_not_kept() -> None:
    engine = Polyglot({"eng": (GERMAN, 0.93), "deu": ("Es war kalt", 0.6)})

    page = read(engine)

    assert page.text == GERMAN
    assert page.language
    assert page.language.codes == ("eng",)
    assert page.language.reason == "It reads like German, but worse in that."


def test_a_language_that_is_not_installed_is_named() -> None:
    page = read(Polyglot({"eng": (FINNISH, 0.85)}))

    assert page.language
    assert page.language.codes == ("eng",)
    assert page.language.reason == "It reads like Finnish, which is not installed."
    (advice,) = advice_of(page)
    assert advice.startswith("The page reads like Finnish, which is not installed.")


def test_few_letters_are_not_decided() -> None:
    engine = Polyglot({"eng": ("Guten Tag", 0.9), "deu": ("Guten Tag", 0.9)})

    page = read(engine)

    assert page.language
    assert page.language.reason == "8 letters are too few to tell."
    assert engine.languages == ["eng"]


@pytest.mark.parametrize("layout", [5, PSM_OF_LAYOUT[Layout.WORD]])
def test_a_cut_out_word_is_not_decided(layout: int) -> None:
    engine = Polyglot({"eng": (GERMAN, 0.9), "deu": (GERMAN, 0.95)})

    page = read(engine, psm=layout)

    assert page.language
    assert page.language.codes == ("eng",)
    assert not page.language.is_sure


def test_a_receipt_full_of_names_stays_in_the_first_language() -> None:
    guesses = (Guess("ind", 0.5), Guess("eng", 0.3))
    engine = Polyglot(
        {"eng": ("Kedai Makan Wong Total Cash Change Thank You", 0.8), "ind": ("", 0)}
    )
    options = ReadOptions(auto_language=True, installed=("eng", "ind"))
    context = ReadContext(engine, Deadline.after(60), rank_languages=lambda _text, _codes: guesses)

    page = read_page(PAGE, number=1, options=options, context=context)

    assert page.language
    assert (page.language.codes, page.language.is_sure) == (("eng",), True)


def test_the_only_model_of_a_script_reads_the_page_at_once() -> None:
    engine = Polyglot(
        {"eng": (MISREAD, 0.3), "rus": (RUSSIAN, 0.9)}, script=Script("Cyrillic", 5.0, 0)
    )

    page = read(engine)

    assert page.language
    assert (page.language.codes, page.language.is_sure) == (("rus",), True)
    assert page.text == RUSSIAN
    assert engine.languages == ["eng", "rus"]


def test_of_two_models_of_a_script_the_words_choose() -> None:
    engine = Polyglot(
        {"eng": (MISREAD, 0.3), "rus": (UKRAINIAN, 0.8), "ukr": (UKRAINIAN, 0.9)},
        script=Script("Cyrillic", 5.0, 0),
    )

    page = read(engine)

    assert page.language
    assert page.language.codes == ("ukr",)
    assert page.language.is_sure


@pytest.mark.parametrize(
    ("blackletter", "code", "is_sure"),
    [(0.95, "frk", True), (0.83, "deu", False), (0.75, "deu", False), (0.6, "deu", True)],
)
def test_a_line_is_of_blackletter_if_its_model_reads_it_better_than_that_of_german(
    blackletter: float, code: str, is_sure: bool
) -> None:
    engine = Polyglot({"eng": (GERMAN, 0.62), "deu": (GERMAN, 0.8), "frk": (GERMAN, blackletter)})

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == (code,)
    assert page.language.is_sure is is_sure
    assert engine.languages.count("deu") == 1


@pytest.mark.parametrize(("blackletter", "is_sure"), [(0.9, True), (0.7, True), (0.61, False)])
def test_a_line_with_long_s_is_of_blackletter_without_a_look_at_german(
    blackletter: float, is_sure: bool
) -> None:
    engine = Polyglot(
        {"eng": (GERMAN, 0.62), "deu": (GERMAN, 0.8), "frk": (BLACKLETTER, blackletter)}
    )

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.is_sure is is_sure
    assert (page.language.codes == ("frk",)) is is_sure
    assert ("deu" not in engine.languages) is is_sure


@pytest.mark.parametrize("text", ["Sulkekaa ovi jälkeenne kiitos", "H ovvedpiaon 0a apyiver stin"])
def test_what_the_model_of_blackletter_reads_best_is_not_of_it_if_its_words_are_of_no_german(
    text: str,
) -> None:
    engine = Polyglot(
        {"eng": ("Sulkekaa ovi jalkeenne kiitos", 0.6), "frk": (text, 0.9), "deu": (text, 0.5)},
        script=Script("Latin", 0.5, 0),
    )

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert not (page.language.is_sure and page.language.codes == ("frk",))


def test_a_short_text_is_read_in_the_language_that_its_reading_in_another_tells() -> None:
    engine = Polyglot(
        {
            "eng": ("Var god stang dérren efter", 0.9),
            "dan": ("Var god stång dårren efter", 0.93),
            "swe": ("Var god stäng dörren efter", 0.95),
        }
    )

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert (page.language.codes, page.language.is_sure) == (("swe",), True)
    assert page.text == "Var god stäng dörren efter"


def test_languages_of_a_script_are_compared_by_reading_a_short_text_in_both() -> None:
    engine = Polyglot(
        {
            "eng": ("lakyemo bam", 0.3),
            "rus": ("Дякуемо вам за ыдвдини сподваемося", 0.8),
            "ukr": ("Дякуємо вам за відвідини і сподіваємося", 0.85),  # noqa: RUF001
        },
        script=Script("Cyrillic", 5.0, 0),
    )

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert (page.language.codes, page.language.is_sure) == (("ukr",), True)


def test_no_script_is_guessed_where_that_of_the_first_language_was_surely_detected() -> None:
    texts = {"eng": ("A reuniao comegare na", 0.3), "rus": ("Агеито", 0.6), "heb": ("xx", 0.1)}

    engine = Polyglot(texts, script=Script("Latin", 2.2, 0))
    read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert set(engine.languages) == {"eng"}


def test_no_further_script_is_guessed_where_three_read_no_letters() -> None:
    codes = ("rus", "ell", "heb", "ara", "hin", "kor", "jpn")
    engine = Polyglot(
        {"eng": ("xx", 0.2), **dict.fromkeys(codes, ("", 0.0))}, script=Script("Arabic", 0.0, 0)
    )

    read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert len(set(engine.languages)) == 1 + 1 + 3  # the detected one, which was tried before


def test_traditional_characters_are_tried_where_a_script_is_guessed() -> None:
    text = "人人生而自由在尊嚴和權利上一律平等他們賦有理性和良心"
    engine = Polyglot(
        {"eng": ("xx", 0.2), "chi_sim": (text, 0.82), "chi_tra": (text, 0.95)},
        script=Script("Latin", 0.5, 0),
    )

    page = read(engine, canvas=LINE)

    assert page.language
    assert page.language.codes == ("chi_tra",)


def test_print_that_blackletter_reads_as_well_is_not_surely_german() -> None:
    engine = Polyglot({"eng": (GERMAN, 0.79), "deu": (GERMAN, 0.9), "frk": (GERMAN, 0.89)})

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.reason == "It may be in blackletter."
    assert page.text == GERMAN


@pytest.mark.parametrize("detected", ["Japanese", "Han"])
def test_chinese_is_not_decided_before_both_of_its_models_have_read_it(detected: str) -> None:
    text = "人人生而自由在尊嚴和權利上一律平等他們賦有理性和良心"
    engine = Polyglot(
        {"eng": ("xx", 0.2), "chi_sim": (text, 0.85), "chi_tra": (text, 0.94), "jpn": (text, 0.75)},
        script=Script(detected, 0.5, 0),
    )

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("chi_tra",)


def test_japanese_is_tried_before_traditional_chinese_where_the_simplified_is_in_doubt() -> None:
    engine = Polyglot(
        {"eng": ("xx", 0.2), "chi_sim": ("日本語文章", 0.5), "chi_tra": ("日本語文章", 0.5),
         "jpn": (JAPANESE, 0.94)},
        script=Script("Han", 0.5, 0),
    )  # fmt: skip

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("jpn",)
    assert engine.languages == ["eng", "chi_sim", "jpn"]


GREEK = "Ήταν ένα κρύο πρωινό και οι άνθρωποι της πόλης περίμεναν το τρένο"  # noqa: RUF001
HEBREW = "היה בוקר קר ואנשי העיירה חיכו לרכבת שתביא להם חדשות מהבירה"


def guess(
    russian: tuple[str, float], greek: tuple[str, float], *, canvas: Canvas = LONG_PIECE
) -> tuple[list[str], tuple[str, ...]]:
    """The languages of all readings of a piece whose script is not detected, and those found."""
    engine = Polyglot(
        {"eng": (MISREAD, 0.3), "rus": russian, "ara": (MISREAD, 0.6), "hin": ("", 0.0),
         "ell": greek, "heb": (HEBREW, 0.5)},
        script=Script("Latin", 0.5, 0),
    )  # fmt: skip
    page = read(engine, canvas=canvas, psm=PSM_OF_LAYOUT[Layout.LINE])
    assert page.language
    return engine.languages, page.language.codes


def test_where_a_script_is_guessed_only_the_likeliest_models_read_more_than_a_strip() -> None:
    languages, found = guess((MISREAD, 0.5), (GREEK, 0.9))

    assert found == ("ell",)
    assert languages.count("ell") == 2
    assert languages.count("rus") == 1


@pytest.mark.parametrize(
    ("script", "others"), [(None, 0), (Script("Greek", 0.9, 0), 0), (Script("Greek", 1.1, 0), 1)]
)
def test_where_not_a_letter_was_read_only_a_script_that_was_surely_detected_is_tried(
    script: Script | None, others: int
) -> None:
    engine = Polyglot({"eng": ("", 0.0), "ell": (GREEK, 0.9), "heb": ("", 0.0)}, script=script)

    read(engine, canvas=LINE)

    assert len(set(engine.languages) - {"eng"}) == others


def test_no_further_script_is_tried_once_a_strip_is_read_clearly() -> None:
    languages, found = guess((RUSSIAN, 0.72), (GREEK, 0.9))

    assert found == ("rus",)
    assert languages == ["eng", "rus", "rus"]


def test_a_strip_that_is_read_poorly_is_reason_for_no_longer_reading() -> None:
    languages, found = guess((RUSSIAN, 0.59), (GREEK, 0.9))

    assert found == ("ell",)
    assert languages == ["eng", "rus", "ell", "ell"]


def test_a_piece_as_short_as_a_strip_is_read_once_in_each_language() -> None:
    languages, found = guess((MISREAD, 0.5), (GREEK, 0.9), canvas=PIECE.cropped(Box(0, 0, 270, 40)))

    assert found == ("ell",)
    assert languages == ["eng", "rus", "ell"]


@pytest.mark.parametrize(("quarters", "tried"), [(1, ["eng", "jpn"]), (0, ["eng", "heb", "jpn"])])
def test_a_line_that_is_detected_as_if_on_its_side_is_tried_in_square_letters_first(
    quarters: int, tried: list[str]
) -> None:
    texts = {"eng": ("xx", 0.2), "heb": (MISREAD, 0.4), "jpn": (JAPANESE, 0.9)}
    engine = Polyglot(texts, script=Script("Latin", 3.3, quarters))

    page = read(engine, canvas=PIECE.cropped(Box(0, 0, 270, 40)), psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("jpn",)
    assert engine.languages == tried


@pytest.mark.parametrize(
    ("script", "first"),
    [
        (Script("Latin", 3.3, 2), "ara"),
        (Script("Thai", 1.4, 0), "heb"),
        (Script("Latin", 3.3, 0), "rus"),
    ],
)
def test_scripts_are_guessed_in_the_order_in_which_they_are_taken_for_the_detected_one(
    script: Script, first: str
) -> None:
    texts = {"eng": ("xx", 0.2), "rus": ("", 0.0), "ara": ("", 0.0), "heb": ("", 0.0)}
    engine = Polyglot(texts, script=script)

    read(engine, canvas=PIECE.cropped(Box(0, 0, 270, 40)), psm=PSM_OF_LAYOUT[Layout.LINE])

    assert engine.languages[:2] == ["eng", first]


def test_where_a_script_is_beyond_doubt_its_other_languages_are_tried_and_no_other_script() -> None:
    texts = {"eng": (MISREAD, 0.45), "rus": (MISREAD, 0.5), "ukr": (UKRAINIAN, 0.9), "heb": ("", 0)}
    engine = Polyglot(texts, script=Script("Cyrillic", 11.0, 0))

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("ukr",)
    assert set(engine.languages) == {"eng", "rus", "ukr"}


def test_no_chinese_is_tried_where_there_are_kana() -> None:
    texts = {"eng": ("xx", 0.2), "jpn": (JAPANESE, 0.9), "chi_sim": ("", 0.0), "chi_tra": ("", 0.0)}
    engine = Polyglot(texts, script=Script("Latin", 3.3, 1))

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("jpn",)
    assert set(engine.languages) == {"eng", "jpn"}


def test_a_line_of_too_few_shapes_to_detect_a_script_is_tried_in_joined_letters_only() -> None:
    texts = {"eng": (MISREAD, 0.3), "rus": (RUSSIAN, 0.9), "ara": ("", 0.0), "jpn": ("", 0.0)}
    engine = Polyglot(texts, script=None)

    page = read(engine, canvas=LONG_PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert not page.language.is_sure
    assert set(engine.languages) == {"eng", "ara"}


@dataclass
class Watching(Polyglot):
    """Keeps what it was to detect the script of."""

    seen: list[Canvas] = field(default_factory=list)

    def detect_script(self, canvas: Canvas, deadline: Deadline) -> Script | None:
        self.seen.append(canvas)
        return super().detect_script(canvas, deadline)


def test_a_band_of_a_page_ends_between_rows() -> None:
    page = Canvas(np.asarray(draw_lines(*["gjpqy bdfhkl gjpqy bdfhkl"] * 24, width_px=900)))
    engine = Watching({"eng": (MISREAD, 0.3), "ara": ("", 0.0)})

    read(engine, canvas=page)

    (band,) = engine.seen
    assert band.height_px < page.height_px / 2
    assert band.pixels[[0, -1]].min() > 128


def test_blackletter_is_not_tried_where_no_language_written_in_it_is_likely() -> None:
    text = "Heumnoro noaxe narer 6ynet rotoe, oh 6ygeT ckomnunupoeah Ha"
    texts = {"eng": (text, 0.55), "frk": (text, 0.5), "rus": (RUSSIAN, 0.9)}
    engine = Polyglot(texts, script=Script("Hangul", 0.0, 0))

    page = read(engine, canvas=LONG_PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("rus",)
    assert engine.languages == ["eng", "rus", "rus"]


def test_a_cut_out_line_is_not_turned_for_the_detection_of_its_script() -> None:
    engine = Polyglot({"eng": ("xx", 0.2), "rus": (RUSSIAN, 0.9)}, script=Script("Hangul", 5.0, 1))

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("rus",)


class Hesitant(Polyglot):
    """Is sure of the first words in English only."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        zones = super().recognise(canvas, options, deadline)
        if options.languages != ("eng",):
            return zones
        ((line,),) = (zone.lines for zone in zones)
        words = [
            replace(word, confidence=0.9 if n < 2 else 0.3) for n, word in enumerate(line.words)
        ]
        return (replace(zones[0], lines=(replace(line, words=tuple(words)),)),)


def test_where_few_letters_are_sure_all_of_them_may_tell_the_language() -> None:
    polish = "gwarantuje jakość współpracowników"
    engine = Hesitant({"eng": ("gwarantuje w jakosc wspolpracownikow", 0.5), "pol": (polish, 0.95)})

    page = read(engine, canvas=PIECE, psm=PSM_OF_LAYOUT[Layout.LINE])

    assert page.language
    assert page.language.codes == ("pol",)
    assert engine.languages == ["eng", "pol"]


def test_a_script_is_not_believed_if_its_model_reads_no_better() -> None:
    engine = Polyglot(
        {"eng": (MISREAD, 0.35), "rus": (RUSSIAN, 0.38)}, script=Script("Cyrillic", 5.0, 0)
    )

    page = read(engine)

    assert page.text == MISREAD
    assert page.language
    assert not page.language.is_sure


def test_a_script_of_which_nothing_is_installed_is_named() -> None:
    page = read(Polyglot({"eng": (MISREAD, 0.3)}, script=Script("Cyrillic", 5.0, 0)))

    (advice,) = advice_of(page)
    assert advice.startswith("The page is in Cyrillic script, which is not installed.")


def test_vertical_writing_is_prepared_anew() -> None:
    engine = Polyglot({"eng": ("xx yy zz", 0.2), "jpn": ("これ", 0.3), "jpn_vert": (JAPANESE, 0.9)})
    engine.script = Script("Japanese", 2.0, 0)
    turned = PAGE.rotated_90(1)

    page = read(engine, canvas=turned)

    assert page.language
    assert page.language.codes == ("jpn_vert",)
    assert [stage.name for stage in page.stages][-3:] == ["recipe", "read", "second-reader"]
    assert page.text == JAPANESE


def test_without_an_answer_the_page_is_read_all_the_same() -> None:
    page = read(Polyglot({"eng": (ENGLISH, 0.9)}), answers=False)

    assert page.text == ENGLISH
    assert page.language
    assert page.language.reason == "There was no time to compare its words."


def test_a_stage_that_was_left_out_finds_no_language() -> None:
    page = read(Polyglot({"eng": (ENGLISH, 0.9)}), skip_stages=("language",))

    assert page.language
    assert not page.language.is_sure


def test_an_engine_of_one_model_is_asked_once() -> None:
    engine = ReadsAll({"eng": (GERMAN, 0.9), "deu": ("", 0.0)})

    page = read(engine)

    assert page.language
    assert page.language.codes == ("deu",)
    assert page.text == GERMAN
    assert set(engine.languages[1:]) <= {"deu"}


def test_several_first_languages_are_kept_if_the_page_is_in_one() -> None:
    engine = Polyglot({"eng": (GERMAN, 0.9), "deu": (GERMAN, 0.9)})

    page = read(engine, languages=("eng", "deu"))

    assert page.language
    assert page.language.codes == ("deu",)
    assert set(engine.languages) == {"eng+deu"}


class TwoZones(Polyglot):
    """A page whose upper half is English and whose lower half is German, one zone each."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        (found,) = super().recognise(canvas, options, deadline)
        if canvas.height_px < PAGE.height_px / 2:
            return (found,)
        lower = zone_of(GERMAN, 0.8).mapped(Transform.shift(0, 200))
        return (zone_of(ENGLISH, 0.92), lower)


class TwoAlike(Polyglot):
    """A page of two zones that say the same."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        (found,) = super().recognise(canvas, options, deadline)
        return (found, found.mapped(Transform.shift(0, 200)))


def test_a_zone_in_another_language_is_read_in_that() -> None:
    engine = TwoZones({"eng": (ENGLISH, 0.9), "deu": (GERMAN.upper(), 0.95)})

    page = read(engine)

    assert page.language
    assert set(page.language.codes) == {"eng", "deu"}
    assert [zone.text for zone in page.zones] == [ENGLISH, GERMAN.upper()]
    assert page.zones[1].box.top > page.zones[0].box.bottom


def test_zones_of_a_page_in_blackletter_are_not_read_as_other_print() -> None:
    engine = TwoAlike({"eng": (GERMAN, 0.6), "deu": (GERMAN, 0.6), "frk": (BLACKLETTER, 0.88)})

    page = read(engine)

    assert page.language
    assert page.language.codes == ("frk",)
    assert engine.languages[-1] == "frk"


def test_a_page_that_does_not_fit_the_language_asked_for_is_told() -> None:
    engine = Polyglot({"eng": (GERMAN, 0.9), "deu": (GERMAN, 0.9)})

    page = read(engine, told=True)

    assert advice_of(page) == ["The page reads like German. Ask with languages=deu."]
    assert page.language is None
    assert "deu" not in engine.languages


@pytest.mark.parametrize("languages", [("eng",), ("deu", "eng")])
def test_a_page_that_fits_is_not_told_off(languages: tuple[str, ...]) -> None:
    engine = Polyglot({"eng": (ENGLISH, 0.9), "deu": (ENGLISH, 0.9)})

    assert not advice_of(read(engine, told=True, languages=languages))


def test_old_forms_of_a_language_fit_it() -> None:
    engine = Polyglot({"frk": (GERMAN, 0.8), "deu": (GERMAN, 0.8)})

    assert not advice_of(read(engine, told=True, languages=("frk",)))


def test_a_language_that_cannot_be_told_from_others_is_not_doubted() -> None:
    engine = Polyglot({"cym": (GERMAN, 0.8), "deu": (GERMAN, 0.8)})

    assert not advice_of(read(engine, told=True, languages=("cym",)))


def test_a_page_in_another_script_than_asked_for_is_told() -> None:
    engine = Polyglot(
        {"eng": (MISREAD * 2, 0.3), "rus": (RUSSIAN, 0.9)}, script=Script("Cyrillic", 5.0, 0)
    )

    assert advice_of(read(engine, told=True)) == [
        "The page reads like Russian. Ask with languages=rus."
    ]


def test_requested_zones_are_each_read_in_their_language() -> None:
    engine = Polyglot({"eng": (GERMAN, 0.85), "deu": (GERMAN, 0.95)})
    half = PAGE.box.bottom / 2

    page = read(
        engine,
        zones=(ZoneSpec(Box(0, 0, 900, half)), ZoneSpec(Box(0, half, 900, PAGE.box.bottom))),
    )

    assert page.language
    assert page.language.codes == ("deu",)
