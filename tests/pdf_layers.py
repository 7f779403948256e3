"""Pages whose text layer says something else than they show."""

from __future__ import annotations

from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name

from tests.export.pictures import noise, picture_pdf

PROSE = (
    "Membership statement for the year",
    "we confirm that your contract is valid",
    "and covers the house, the garden shed",
    "and two bicycles until next December",
)


def drawn(path: Path, content: str, *, media: tuple[int, ...] = (0, 0, 298, 420)) -> Path:
    """A page of a content stream; /F is Helvetica."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(298, 420))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.obj.Resources = Dictionary(Font=Dictionary(F=font))
    page.obj.MediaBox = Array(media)
    page.obj.Contents = pdf.make_stream(content.encode("latin-1"))
    pdf.save(path)
    return path


def lines_of(*lines: str, size_pt: int = 12) -> str:
    shown = "".join(f"({line}) Tj T*\n" for line in lines)
    return f"BT /F {size_pt} Tf {2 * size_pt} TL 20 360 Td\n{shown}ET\n"


def with_map(path: Path, named: dict[int, str]) -> Path:
    """The page, its font with a map from codes to other letters."""
    entries = "\n".join(
        f"<{code:02x}> <{text.encode('utf-16-be').hex()}>" for code, text in named.items()
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(named)} beginbfchar\n{entries}\nendbfchar\nendcmap end end"
    )
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].Resources.Font.F.ToUnicode = pdf.make_stream(cmap.encode("ascii"))
        pdf.save(path)
    return path


def shifted(path: Path, by: int) -> Path:
    """The page, its font naming the letter so many places on in the place of each."""
    return with_map(path, {code: chr(code + by) for code in range(0x20, 0x7F) if code + by > 0})


def written_by(path: Path, producer: str) -> Path:
    """The page, of a file that names a program as its producer."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.docinfo["/Producer"] = producer
        pdf.save(path)
    return path


def hidden_over_picture(path: Path, text: str) -> Path:
    """A picture over the whole page, and an invisible line of text over it."""
    picture_pdf(path, noise(298, 420), text=text)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        page.contents_coalesce()
        content = page.Contents.read_bytes()
        page.Contents = pdf.make_stream(content.replace(b"0 Tr", b"3 Tr"))
        pdf.save(path)
    return path
