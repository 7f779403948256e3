"""Text layers that say something else than the page shows, each drawn here."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from ocr_server.geometry import hull
from ocr_server.job import Limits
from ocr_server.pdf.layer_doubts import Doubt
from ocr_server.pdf.letter_shapes import FontFit, measure_fonts
from ocr_server.pdf.letters import read_letters
from ocr_server.pdf.opening import opened_page
from ocr_server.pdf.text_extraction import ExtractedText, read_text_layer
from tests.export.pictures import noise, picture_pdf, put_into_form, typed_pdf
from tests.pdf_layers import (
    PROSE,
    drawn,
    hidden_over_picture,
    lines_of,
    shifted,
    with_map,
    written_by,
)


def layer_of(path: Path) -> ExtractedText:
    return read_text_layer(path, 0, limits=Limits(pdf_dpi=144), password=None)


def measured(path: Path) -> FontFit:
    """How the one font of the page fits its letters."""
    with opened_page(path, 0, limits=Limits(), password=None) as opened:
        text = opened.page.get_textpage()
        (fit,) = measure_fonts(text, read_letters(text, opened.way)).values()
    return fit


def text_of(layer: ExtractedText) -> str:
    return "\n\n".join(zone.text for zone in layer.zones)


@pytest.mark.parametrize("shift", [1, -1, 3, -29, 7])
def test_letters_that_are_not_those_drawn_put_the_layer_in_doubt(
    tmp_path: Path, shift: int
) -> None:
    good = drawn(tmp_path / "good.pdf", lines_of(*PROSE))

    assert layer_of(good).doubts == ()
    assert layer_of(shifted(good, shift)).is_doubted


def test_codes_names_and_numbers_are_not_in_doubt(tmp_path: Path) -> None:
    table = drawn(
        tmp_path / "table.pdf",
        lines_of("XK-4471 17.80 3 53.40", "QZ-0092 9.15 12 109.80", "MWV-77 0.40 100 40.00"),
    )

    assert layer_of(table).doubts == ()


def test_signs_in_the_place_of_letters_put_the_layer_in_doubt(tmp_path: Path) -> None:
    path = drawn(tmp_path / "signs.pdf", lines_of("invoice"))
    signs = dict(zip(b"invoce", '"#%&+<', strict=True))

    assert Doubt.SIGNS in layer_of(with_map(path, signs)).doubts


def test_letters_of_several_scripts_within_words_put_the_layer_in_doubt(tmp_path: Path) -> None:
    mixed = {code: "ʃжąφ"[code % 4] for code in range(ord("a"), ord("z") + 1)}
    greek = {code: chr(0x3B1 + code - ord("a")) for code in range(ord("a"), ord("y"))}

    path = drawn(tmp_path / "scripts.pdf", lines_of(*PROSE))

    assert Doubt.SIGNS in layer_of(with_map(path, mixed)).doubts
    assert Doubt.SIGNS not in layer_of(with_map(path, greek)).doubts


def test_figures_that_are_other_figures_put_the_layer_in_doubt(tmp_path: Path) -> None:
    table = drawn(tmp_path / "figures.pdf", lines_of("17 80 3 53 40 4 92 15 60"))
    named = dict(zip(b"0123456789", "1234567890", strict=True))

    assert layer_of(table).doubts == ()
    assert Doubt.SHAPES in layer_of(with_map(table, named)).doubts


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("DESCRIPTION", {code: chr(code - 29) for code in range(ord("A"), ord("Z") + 1)}),
        (PROSE[0], {code: chr(0xD000 + code) for code in range(ord("a"), ord("z") + 1)}),
        ("aeou, oue", dict(zip(b"aeou", "ãëôü", strict=True))),
    ],
)
def test_few_letters_drawn_otherwise_than_they_are_called_are_in_doubt(
    text: str, named: dict[int, str], tmp_path: Path
) -> None:
    path = with_map(drawn(tmp_path / "few.pdf", lines_of(text)), named)

    assert Doubt.SHAPES in layer_of(path).doubts


@pytest.mark.parametrize("other", ["‰", "È", "¶"])
def test_signs_within_words_put_the_layer_in_doubt(other: str, tmp_path: Path) -> None:
    path = drawn(tmp_path / "signs.pdf", lines_of(*PROSE))

    layer = layer_of(with_map(path, {ord("a"): other}))

    assert layer.doubts == (Doubt.ODD_WORDS,)
    assert min(word.confidence for word in layer.words) < 0.9


def test_letters_that_hardly_any_language_has_put_the_layer_in_doubt(tmp_path: Path) -> None:
    path = drawn(tmp_path / "rare.pdf", lines_of(*PROSE))
    rare = {code: chr(0x0250 + code) for code in range(ord("a"), ord("z") + 1)}

    assert Doubt.SIGNS in layer_of(with_map(path, rare)).doubts


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Summa", "6XPPD"),  # numbers of glyphs, 29 less than those of letters
        ("567UVW", "$%&`°³"),
        ("Vera", "’y:…"),
    ],
)
def test_a_word_of_other_letters_or_signs_is_in_doubt(
    tmp_path: Path, text: str, named: str
) -> None:
    path = drawn(tmp_path / "word.pdf", lines_of(text))
    names = dict(zip(text.encode(), named, strict=False))

    assert layer_of(path).doubts == ()
    assert layer_of(with_map(path, names)).is_doubted


def test_a_layer_without_letters_and_figures_is_in_doubt(tmp_path: Path) -> None:
    path = drawn(tmp_path / "signs.pdf", lines_of("abc"))

    assert Doubt.SIGNS in layer_of(with_map(path, dict(zip(b"abc", "!:?", strict=True)))).doubts


@pytest.mark.parametrize("sign", ["%", "&"])
def test_a_sign_alone_is_no_doubt_if_it_is_drawn_as_its_name_says(
    tmp_path: Path, sign: str
) -> None:
    path = drawn(tmp_path / "sign.pdf", lines_of(sign))
    letter = drawn(tmp_path / "letter.pdf", lines_of("B" if sign == "%" else "C"))

    assert layer_of(path).doubts == ()
    assert Doubt.SIGNS in layer_of(with_map(letter, {ord("B"): "%", ord("C"): "&"})).doubts


def test_characters_that_are_common_nowhere_put_the_layer_in_doubt(tmp_path: Path) -> None:
    path = drawn(tmp_path / "wide.pdf", lines_of("abcdefg"))
    common = dict(zip(b"abcdefg", "人人生而自由平", strict=True))
    rare = dict(zip(b"abcdefg", "䋴䋮䋶糫蒭鍍緌", strict=True))

    assert Doubt.SIGNS not in layer_of(with_map(path, common)).doubts
    assert Doubt.SIGNS in layer_of(with_map(path, rare)).doubts


def test_one_name_for_several_wide_letters_puts_the_layer_in_doubt(tmp_path: Path) -> None:
    path = drawn(tmp_path / "wide.pdf", lines_of("agbdpaf"))
    fit = measured(with_map(path, dict.fromkeys(b"agbdpf", "針")))
    same = measured(with_map(drawn(tmp_path / "a.pdf", lines_of("aaaaaa")), {ord("a"): "針"}))

    assert fit.is_doubtful
    assert not same.is_doubtful
    assert same.repeated == 5


@pytest.mark.parametrize(("named", "is_odd"), [("িশিখ", True), ("শিখি", False)])
def test_a_vowel_sign_before_its_letter_puts_the_layer_in_doubt(
    tmp_path: Path, named: str, is_odd: bool
) -> None:
    path = drawn(tmp_path / "bengali.pdf", lines_of("abcd"))
    layer = layer_of(with_map(path, dict(zip(b"abcd", named, strict=True))))

    assert (Doubt.ODD_WORDS in layer.doubts) == is_odd


def test_control_characters_are_no_letters(tmp_path: Path) -> None:
    path = drawn(tmp_path / "controls.pdf", lines_of(*PROSE))
    controls = {code: chr(0x80 + code % 32) for code in range(ord("a"), ord("z") + 1)}

    assert not layer_of(with_map(path, controls)).is_real


@pytest.mark.parametrize("program", ["ABBYY FineReader 15", "Adobe Acrobat Paper Capture Plug-in"])
def test_visible_text_of_a_program_that_recognises_text_is_in_doubt(
    program: str, tmp_path: Path
) -> None:
    path = drawn(tmp_path / "0", lines_of(*PROSE))

    assert layer_of(written_by(path, "Skia/PDF m120")).doubts == ()
    assert layer_of(written_by(path, program)).doubts == (Doubt.PRODUCER,)


def test_a_glyph_that_stands_for_a_word_puts_the_layer_in_doubt(tmp_path: Path) -> None:
    path = drawn(tmp_path / "words.pdf", lines_of(*PROSE))

    layer = layer_of(with_map(path, {ord("t"): "total"}))

    assert Doubt.SHAPES in layer.doubts
    assert max(word.confidence for word in layer.words if "total" in word.text) < 0.5


def test_a_ligature_puts_nothing_in_doubt(tmp_path: Path) -> None:
    path = drawn(tmp_path / "ligature.pdf", lines_of(*PROSE, "awowowowow"))

    assert layer_of(with_map(path, {ord("w"): "ffi"})).doubts == ()


def test_text_beneath_a_picture_is_an_earlier_recognition(tmp_path: Path) -> None:
    path = picture_pdf(tmp_path / "scan.pdf", noise(298, 420), text="Read before")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.contents_add(b"q 298 0 0 420 0 0 cm /Picture Do Q\n")
        pdf.save(path)

    assert layer_of(path).doubts == (Doubt.HIDDEN,)


def test_what_has_the_colour_of_its_ground_is_left_out(tmp_path: Path) -> None:
    path = drawn(tmp_path / "white.pdf", lines_of("Shown") + "1 g " + lines_of("", "Hidden"))

    assert text_of(layer_of(path)) == "Shown"


def test_coloured_text_of_the_brightness_of_its_ground_is_seen(tmp_path: Path) -> None:
    ground = "0 0.51 0 rg 0 0 298 420 re f 1 0 0 rg "

    assert text_of(layer_of(drawn(tmp_path / "red.pdf", ground + lines_of("Red")))) == "Red"


def test_pale_text_is_seen(tmp_path: Path) -> None:
    path = drawn(tmp_path / "pale.pdf", ".88 g " + lines_of("DRAFT", size_pt=40))

    assert text_of(layer_of(path)) == "DRAFT"


def test_what_lies_under_something_is_left_out(tmp_path: Path) -> None:
    cover = ".5 g 0 320 298 30 re f 0 g "
    path = drawn(tmp_path / "cover.pdf", lines_of("Shown", "Covered") + cover)

    assert text_of(layer_of(path)) == "Shown"


def test_what_lies_beyond_the_edge_is_left_out(tmp_path: Path) -> None:
    path = drawn(tmp_path / "cut.pdf", lines_of("Shown", "Below"))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.CropBox = Array([0, 350, 298, 420])
        pdf.save(path)

    assert text_of(layer_of(path)) == "Shown"


@pytest.mark.parametrize("is_base_off", [False, True])
def test_a_layer_that_is_switched_off_is_left_out_even_under_text(
    tmp_path: Path, is_base_off: bool
) -> None:
    shown, hidden = lines_of("English"), lines_of("Francais")
    content = f"/OC /On BDC {shown} EMC /OC /Off BDC {hidden} EMC"
    path = drawn(tmp_path / "groups.pdf", content)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        on, off = (
            pdf.make_indirect(Dictionary(Type=Name.OCG, Name=pikepdf.String(name)))
            for name in ("English", "Français")
        )
        pdf.pages[0].Resources.Properties = Dictionary(On=on, Off=off)
        usual = (
            Dictionary(BaseState=Name.OFF, ON=Array([on]))
            if is_base_off
            else Dictionary(OFF=Array([off]))
        )
        pdf.Root.OCProperties = Dictionary(OCGs=Array([on, off]), D=usual)
        pdf.save(path)

    assert text_of(layer_of(path)) == "English"


def test_invisible_text_on_white_paper_is_left_out(tmp_path: Path) -> None:
    path = typed_pdf(tmp_path / "invisible.pdf", "Nowhere", invisible=True)

    assert text_of(layer_of(path)) == ""
    assert not layer_of(path).is_real


def test_invisible_text_over_a_picture_is_an_earlier_recognition(tmp_path: Path) -> None:
    path = hidden_over_picture(tmp_path / "scan.pdf", "Read before")

    layer = layer_of(path)

    assert layer.doubts == (Doubt.HIDDEN,)
    assert [zone.text for zone in layer.hidden] == ["Read before"]
    assert layer.visible == ()


def test_letters_without_ink_over_a_picture_are_an_earlier_recognition(tmp_path: Path) -> None:
    path = picture_pdf(tmp_path / "scan.pdf", noise(298, 420), text="aaaa aaaa")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        glyph = pdf.make_stream(b"600 0 0 0 600 700 d1")
        for font in pdf.pages[0].Resources.Font.values():
            for key in [str(key) for key in font]:
                del font[key]
            for key, value in {
                "/Type": Name.Font, "/Subtype": Name.Type3, "/FontBBox": Array([0, 0, 600, 700]),
                "/FontMatrix": Array([0.001, 0, 0, 0.001, 0, 0]), "/FirstChar": 97, "/LastChar": 97,
                "/Widths": Array([600]), "/CharProcs": Dictionary(a=glyph),
                "/Encoding": Dictionary(Differences=Array([97, Name.a])),
            }.items():  # fmt: skip
                font[key] = value
        pdf.save(path)

    layer = layer_of(path)

    assert layer.visible == ()
    assert Doubt.HIDDEN in layer.doubts


def test_letters_that_are_shapes_are_told_as_rows(tmp_path: Path) -> None:
    shapes = "".join(
        f"{20 + 8 * column} {300 - 20 * row} 4 9 re {22 + 8 * column} {302 - 20 * row} 1 3 re f*\n"
        for row in range(3)
        for column in range(25)
        if column % 6
    )
    layer = layer_of(drawn(tmp_path / "shapes.pdf", lines_of("Page 1 of 1") + shapes))

    assert len(layer.rows) >= 3
    block = hull(corner for row in layer.rows for corner in row.quad())
    assert (block.left, block.right) == pytest.approx((56, 432), abs=40)  # 28 and 216 points
    assert (block.top, block.bottom) == pytest.approx((222, 320), abs=40)


def test_rules_and_frames_are_no_letters(tmp_path: Path) -> None:
    rules = "".join(
        f"20 {200 - 20 * row} 250 1 re f {20 + 40 * row} 100 1 100 re f\n" for row in range(6)
    )

    assert layer_of(drawn(tmp_path / "rules.pdf", lines_of("Table") + rules)).rows == ()


@pytest.mark.parametrize("order", [(1, -1), (-1, 1)])
def test_a_letter_with_an_index_and_an_exponent_does_not_break_its_line(
    order: tuple[int, int], tmp_path: Path
) -> None:
    signs = {1: "1 0 0 1 89.6 305 Tm (n+1)", -1: "1 0 0 1 89.6 297 Tm (ij)"}
    content = (
        "BT /F 12 Tf 20 300 Td (The sum of x) Tj /F 8 Tf "
        f"{signs[order[0]]} Tj {signs[order[1]]} Tj /F 12 Tf "
        "1 0 0 1 106 300 Tm (over all) Tj 1 0 0 1 20 280 Tm (Another line) Tj ET"
    )

    layer = layer_of(drawn(tmp_path / "formula.pdf", content))

    formula = "xn+1ij" if order[0] > 0 else "xijn+1"
    (zone,) = layer.zones
    assert [line.text for line in zone.lines] == [f"The sum of {formula} over all", "Another line"]


def test_raised_and_lowered_figures_belong_to_their_line(tmp_path: Path) -> None:
    content = (
        "BT /F 12 Tf 20 360 Td (45 m) Tj 5 Ts /F 7 Tf (2) Tj 0 Ts /F 12 Tf ( of H) Tj "
        "-3 Ts /F 7 Tf (2) Tj 0 Ts /F 12 Tf (O see) Tj 5 Ts /F 7 Tf (14) Tj ET "
        "BT /F 12 Tf 20 340 Td (The next line) Tj ET"
    )

    layer = layer_of(drawn(tmp_path / "raised.pdf", content))

    assert text_of(layer) == "45 m2 of H2O see14\nThe next line"


@pytest.mark.parametrize("spacing_pt", [2, 4, 7])
def test_words_that_are_set_loosely_stay_whole(tmp_path: Path, spacing_pt: int) -> None:
    content = f"{spacing_pt} Tc " + lines_of("Annual report", "of the board")

    layer = layer_of(drawn(tmp_path / "loose.pdf", content))

    assert text_of(layer).split() == ["Annual", "report", "of", "the", "board"]


def test_words_that_are_placed_one_by_one_are_apart(tmp_path: Path) -> None:
    content = "BT /F 12 Tf 20 360 Td [(no) -280 (blank) -250 (is) -3000 (here)] TJ ET"

    assert text_of(layer_of(drawn(tmp_path / "placed.pdf", content))) == "no blank is here"


def test_figures_of_columns_stay_apart(tmp_path: Path) -> None:
    content = "BT /F 12 Tf 20 360 Td [(1) -900 (2) -900 (3) -900 (4)] TJ ET"

    assert text_of(layer_of(drawn(tmp_path / "figures.pdf", content))) == "1 2 3 4"


@pytest.mark.parametrize("offset", ["0 0", "0.4 0", "1 -1"])
def test_text_that_is_drawn_twice_is_told_once(tmp_path: Path, offset: str) -> None:
    text = lines_of("All bold and still different")

    twice = drawn(tmp_path / "bold.pdf", f"{text} q 1 0 0 1 {offset} cm {text} Q")

    assert text_of(layer_of(twice)) == "All bold and still different"


def test_a_cluster_of_several_pieces_is_told_once_and_as_wide_as_they_are(tmp_path: Path) -> None:
    """As Chromium writes the consonants and vowel signs of Devanagari and Thai."""

    def cluster(text: str, *pieces: tuple[float, float, str]) -> str:
        shown = " ".join(f"1 0 0 1 {x} {y} Tm ({piece}) Tj" for x, y, piece in pieces)
        return f"/Span <</ActualText ({text})>> BDC {shown} EMC\n"

    content = (
        "BT /F 12 Tf "
        + cluster("ka", (20, 360, "k"), (26, 360, "m"))
        + "1 0 0 1 36 360 Tm (n) Tj "
        + cluster("te", (43, 360, "t"), (46.8, 360, "."))
        + "1 0 0 1 46.4 360 Tm (r) Tj ET"
    )

    layer = layer_of(drawn(tmp_path / "clusters.pdf", content))

    assert text_of(layer) == "kanter"


def test_a_font_without_a_map_gives_words_to_be_read(tmp_path: Path) -> None:
    prose = lines_of(*PROSE, *PROSE)
    path = drawn(tmp_path / "nameless.pdf", prose + "BT /G 12 Tf 20 60 Td <010203> Tj ET")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        glyph = pdf.make_stream(b"600 0 0 0 500 700 d1 0 0 500 700 re f")
        pdf.pages[0].Resources.Font.G = pdf.make_indirect(
            Dictionary(
                Type=Name.Font, Subtype=Name.Type3, FontBBox=[0, 0, 500, 700],
                FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]), FirstChar=1, LastChar=3,
                Widths=[600, 600, 600], CharProcs=Dictionary(g1=glyph),
                Encoding=Dictionary(Differences=Array([1, Name.g1, Name.g1, Name.g1])),
            )
        )  # fmt: skip
        pdf.save(path)

    layer = layer_of(path)

    assert "\ufffd" not in text_of(layer)
    assert any(row.bottom > 700 for row in layer.rows)  # of 840 pixels
    assert layer.has_nameless


def test_text_in_a_form_is_seen_as_any_other(tmp_path: Path) -> None:
    path = drawn(tmp_path / "form.pdf", lines_of("Shown") + "1 g " + lines_of("", "Hidden"))
    put_into_form(path, "/Form Do")

    assert text_of(layer_of(path)) == "Shown"
