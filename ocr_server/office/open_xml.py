"""Files of office programs, docx, pptx and xlsx, as blocks and the pictures inside.

Source: ECMA-376, parts 1 and 2.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from ocr_server.errors import AnswerTooLarge, DamagedPicture, EncryptedDocument
from ocr_server.export.blocks import Heading, ListItem, Paragraph
from ocr_server.office.html import table_of
from ocr_server.office.pictures import OfficeBlock, Picture

# Of an archive: a novel has two megabytes of text, a workbook of a million cells fifty.
_MOST_PARTS, _MOST_UNPACKED_BYTES = 5_000, 100 * 2**20
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"  # of a protected file, and of those before 2007
_MOST_LEVEL = 6  # of headings
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def damaged() -> DamagedPicture:
    """The error of a file that cannot be read."""
    return DamagedPicture("The file cannot be read: it is damaged, or not what it is sent as.")


def checked_archive(path: Path, *, is_open_xml: bool = True) -> ZipFile:
    """An archive within the limits; parts of Open XML declare no entities (ECMA-376-2, 8.1.4)."""
    with path.open("rb") as file:
        if file.read(4) == _OLE:
            raise EncryptedDocument(
                "The file is protected by a password, or of before 2007. Save it anew."
            )
    try:
        archive = ZipFile(path)
    except BadZipFile as error:
        raise damaged() from error
    parts = archive.infolist()
    size_bytes = sum(part.file_size for part in parts)
    if size_bytes > _MOST_UNPACKED_BYTES or len(parts) > _MOST_PARTS:
        raise AnswerTooLarge(
            f"The file has {size_bytes} bytes in {len(parts)} parts when it is unpacked; the "
            f"limit is {_MOST_UNPACKED_BYTES} in {_MOST_PARTS}.",
            limit=_MOST_UNPACKED_BYTES,
        )
    for part in parts if is_open_xml else ():
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as opened:
                if _DECLARED.search(opened.read(4096)):
                    raise damaged()
    return archive


def xml_of(data: bytes) -> Any:  # noqa: ANN401  # lxml has no types
    """The root of a tree of XML, no entity of which is resolved."""
    from lxml import etree  # noqa: PLC0415

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def read_docx(path: Path) -> Iterator[OfficeBlock]:
    """Headings, paragraphs, items of lists and tables, each before its pictures."""
    import docx  # noqa: PLC0415
    from docx.table import Table as WordTable  # noqa: PLC0415

    checked_archive(path).close()
    document = docx.Document(str(path))
    parts = document.part.related_parts
    for item in document.iter_inner_content():
        if isinstance(item, WordTable):
            yield from table_of([[cell.text for cell in row.cells] for row in item.rows])
            yield from _pictures_in(item._tbl, parts)
            continue
        style = item.style.name if item.style and item.style.name else ""
        text = item.text.strip()
        level = re.fullmatch(r"Heading (\d)", style)
        if not text:
            pass
        elif style == "Title" or level:
            yield Heading(text, min(int(level[1]) if level else 1, _MOST_LEVEL))
        elif style.startswith("List") or item._p.xpath("./w:pPr/w:numPr"):  # no public way
            yield ListItem(text, is_numbered=False, bullet="-")
        else:
            yield Paragraph(text)
        yield from _pictures_in(item._p, parts)


def _pictures_in(element: Any, parts: Mapping[str, Any]) -> Iterator[Picture]:  # noqa: ANN401
    """The pictures of DrawingML and VML in an element, but for those that stand twice."""
    found = element.iterfind(".//{*}blip"), element.iterfind(".//{*}imagedata")
    for picture in chain(*found):
        id_ = picture.get(f"{{{_R}}}embed") or picture.get(f"{{{_R}}}id", "")
        if any(above.tag.endswith("}Fallback") for above in picture.iterancestors()):
            continue
        part = parts.get(id_)  # none of one that is a link
        if part is not None:
            yield Picture(part.blob)


def read_pptx(path: Path) -> Iterator[OfficeBlock]:
    """The texts, tables and pictures of each slide, and its notes."""
    import pptx  # noqa: PLC0415

    checked_archive(path).close()
    for slide in pptx.Presentation(str(path)).slides:
        title = slide.shapes.title
        parts = {
            id_: one.target_part for id_, one in slide.part.rels.items() if not one.is_external
        }
        for shape in _shapes(slide.shapes):
            if shape.has_text_frame:
                texts = [text for one in shape.text_frame.paragraphs if (text := one.text.strip())]
                is_title = title is not None and shape.shape_id == title.shape_id
                if is_title and texts:
                    yield Heading(" ".join(texts), 2)
                else:
                    yield from map(Paragraph, texts)
            elif shape.has_table:
                yield from table_of([[cell.text for cell in row.cells] for row in shape.table.rows])
            yield from _pictures_in(shape._element, parts)
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
            yield from map(Paragraph, filter(None, (one.strip() for one in notes.text.split("\n"))))


def _shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """Shapes, those of groups among them; python-pptx's own types are not told by `isinstance`."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def read_xlsx(path: Path) -> Iterator[OfficeBlock]:
    """The rows of each sheet, and after them its pictures."""
    import openpyxl  # noqa: PLC0415

    with checked_archive(path) as archive, path.open("rb") as file:  # a path would need its suffix
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            # What a file says of its size is not believed: it may be a million empty rows.
            sheet.reset_dimensions()
            rows = [
                ["" if value is None else str(value) for value in row]
                for row in sheet.iter_rows(values_only=True)
                if any(value is not None for value in row)
            ]
            pictures = list(_pictures_of_sheet(archive, sheet._worksheet_path))
            if rows or pictures:
                yield Heading(sheet.title, 2)
            yield from table_of(rows)
            yield from pictures


def _pictures_of_sheet(archive: ZipFile, sheet: str) -> Iterator[Picture]:
    for drawing in _related(archive, sheet, "drawing"):
        for part in _related(archive, drawing, "image"):
            yield Picture(archive.read(part))


def _related(archive: ZipFile, part: str, kind: str) -> Iterator[str]:
    """The parts of a kind that a part refers to (ECMA-376-2, 6.5)."""
    folder, name = posixpath.split(part)
    rels, parts = f"{folder}/_rels/{name}.rels", set(archive.namelist())
    if rels not in parts:
        return
    for one in xml_of(archive.read(rels)):
        target = posixpath.normpath(posixpath.join("/" + folder, one.get("Target", "")))[1:]
        if one.get("Type", "").endswith(f"/{kind}") and target in parts:
            yield target
