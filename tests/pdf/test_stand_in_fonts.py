from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from ocr_server.document.model import Direction
from ocr_server.job import Limits
from ocr_server.pdf.text_extraction import read_text_layer


def vertical(
    path: Path, *columns: str, is_form: bool = False, is_apart: bool = False, writing: str = "V"
) -> Path:
    """Columns from the left, in a font that is not in the file; `is_apart`: letter by letter."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(298, 420))
    descriptor = Dictionary(
        Type=Name.FontDescriptor, FontName=Name("/HeiseiMin-W3"), Flags=6, ItalicAngle=0,
        FontBBox=Array([-123, -257, 1001, 910]), Ascent=859, Descent=-140, CapHeight=709, StemV=69,
    )  # fmt: skip
    descendant = Dictionary(
        Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name("/HeiseiMin-W3"), DW=1000,
        CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Japan1", Supplement=2),
        FontDescriptor=descriptor,
    )  # fmt: skip
    font = Dictionary(
        Type=Name.Font, Subtype=Name.Type0, BaseFont=Name(f"/HeiseiMin-W3-UniJIS-UCS2-{writing}"),
        Encoding=Name(f"/UniJIS-UCS2-{writing}"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
    )  # fmt: skip
    resources = Dictionary(Font=Dictionary(F=font))
    shown = [
        (text, 60 + 40 * place, 380 - 20 * down)
        for place, column in enumerate(columns)
        for down, text in enumerate(column if is_apart else [column])
    ]
    content = "".join(
        f"BT /F 20 Tf {x} {y} Td <{text.encode('utf-16-be').hex()}> Tj ET\n" for text, x, y in shown
    ).encode("ascii")
    if is_form:
        form = pdf.make_stream(content, Type=Name.XObject, Subtype=Name.Form)
        form.BBox, form.Resources = Array([0, 0, 298, 420]), resources
        content, resources = b"/Form Do", Dictionary(XObject=Dictionary(Form=form))
    page.obj.Resources = resources
    page.obj.Contents = pdf.make_stream(content)
    pdf.save(path)
    return path


@pytest.mark.parametrize("is_form", [False, True])
def test_vertical_text_is_found_without_its_font(is_form: bool, tmp_path: Path) -> None:
    path = vertical(tmp_path / "0", "かな", "ひねもす", "春の海", is_form=is_form)

    layer = read_text_layer(path, 0, limits=Limits(), password=None)

    assert [line.text for zone in layer.zones for line in zone.lines] == [
        "春の海",
        "ひねもす",
        "かな",
    ]
    assert {line.direction for zone in layer.zones for line in zone.lines} == {
        Direction.TOP_TO_BOTTOM
    }
    assert layer.words[0].box.height == pytest.approx(3 * 20 * 300 / 72, rel=0.02)


@pytest.mark.parametrize("writing", ["H", "V"])
@pytest.mark.parametrize("turn_deg", [0, 90])
def test_letters_shown_one_by_one_are_found_without_their_font(
    turn_deg: int, writing: str, tmp_path: Path
) -> None:
    path = vertical(tmp_path / "0", "かな", "ひねもす", "春の海", is_apart=True, writing=writing)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.Rotate = turn_deg
        if turn_deg:
            page.contents_add(b"q 0 1 -1 0 298 0 cm\n", prepend=True)
            page.contents_add(b"\nQ\n")
            page.MediaBox = Array([-122, 0, 298, 298])
        pdf.save(path)

    layer = read_text_layer(path, 0, limits=Limits(), password=None)

    assert [line.text for zone in layer.zones for line in zone.lines] == [
        "春の海",
        "ひねもす",
        "かな",
    ]
