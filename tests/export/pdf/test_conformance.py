from __future__ import annotations

import re
import struct
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import ImageCms

from ocr_server.document.model import Document
from ocr_server.export.pdf.writer import render_pdf
from ocr_server.export.rendering import Claim, ClaimOutcome, Rendering
from tests.export.documents import document, page, zone
from tests.export.pdf.signing import sign, verify
from tests.export.pictures import noise, pdf_text, picture_pdf

KEPT, DROPPED = ClaimOutcome.KEPT, ClaimOutcome.DROPPED
PDF_UA = "{http://www.aiim.org/pdfua/ns/id/}part"
SIZE = {"width_px": 298, "height_px": 420}  # an A6 page at 72 dpi


def archived(path: Path, part: str, conformance: str) -> Path:
    """A scan that is PDF/A: with an output intent, metadata and nothing that is not embedded."""
    picture_pdf(path, noise(298, 420))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        intent = Dictionary(
            Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier=b"sRGB",
            DestOutputProfile=pdf.make_stream(profile, N=3),
        )  # fmt: skip
        pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])
        shown = pdf.pages[0].obj
        del shown.Resources.Font  # of the empty line of text
        shown.Contents = pdf.make_stream(b"q 298 0 0 420 0 0 cm /Picture Do Q\n")
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["dc:title"] = "Kept"
            metadata["pdfaid:part"] = part
            metadata["pdfaid:conformance"] = conformance
        pdf.save(path, deterministic_id=True)
    return path


def test_metadata_that_is_no_xmp_claims_nothing_and_fills_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scan = picture_pdf(tmp_path / "scan.pdf", noise(298, 420))
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        data = b"<a xmlns='http://www.aiim.org/pdfa/ns/id/'/>"
        pdf.Root.Metadata = pdf.make_stream(data, Type=Name.Metadata, Subtype=Name.XML)
        pdf.save(scan)

    made, claims = render(read("Words"), scan)

    assert Claim.PDF_A not in claims
    assert pdf_text(made) == "Words"
    assert caplog.records == []


def read(*texts: str) -> Document:
    """Pages of A6, each with a line of text."""
    return document(*(page(zone(text), number=at, **SIZE) for at, text in enumerate(texts, 1)))


def render(read: Document, *sources: Path) -> tuple[Path, dict[Claim, ClaimOutcome]]:
    """The PDF beside its first source, and what it says of its claims."""
    rendering = Rendering()
    made = sources[0].with_name("made.pdf")
    made.write_bytes(b"".join(render_pdf(read, sources, rendering)))
    return made, rendering.claims


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize(
    ("part", "conformance"), [("1", "B"), ("2", "B"), ("2", "U"), ("3", "B"), ("4", "F")]
)
def test_pdf_a_that_only_gains_text_stays_it(
    tmp_path: Path, part: str, conformance: str, is_signed: bool
) -> None:
    scan = archived(tmp_path / "scan.pdf", part, conformance)
    if is_signed:
        sign(scan)

    made, claims = render(read("Words of every kind – é Ł 中"), scan)

    assert claims[Claim.PDF_A] is KEPT
    assert pdf_text(made) == "Words of every kind – é Ł 中"
    assert faults_of_syntax(made.read_bytes()) == []
    with pikepdf.open(scan) as before, pikepdf.open(made) as after:
        assert after.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_raw_bytes()
        assert "/Filter" not in after.Root.Metadata
        assert after.open_metadata().pdfa_status == part + conformance
        assert after.docinfo == before.docinfo
        assert [intents_of(pdf) for pdf in (before, after)] == [[("sRGB", "RGB")]] * 2
        assert used_beyond_level_1(made.read_bytes()) == set()
        assert len(after.trailer.ID) == 2
        assert faults_of_fonts(after) == []


def test_pdf_a_4_which_has_no_level_is_told(tmp_path: Path) -> None:
    scan = archived(tmp_path / "scan.pdf", "4", "")
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            del metadata["pdfaid:conformance"]
            metadata["pdfaid:rev"] = "2020"
        del pdf.trailer.Info  # which that does not allow
        pdf.save(scan, force_version="2.0", deterministic_id=True)

    made, claims = render(read("Words"), scan)

    assert claims == {Claim.PDF_A: KEPT}
    with pikepdf.open(made) as pdf:
        assert pdf.open_metadata()["pdfaid:part"] == "4"
        assert (pdf.pdf_version, "/Info" in pdf.trailer) == ("2.0", False)


def intents_of(pdf: pikepdf.Pdf) -> list[tuple[str, str]]:
    """The name of each output intent, and the colour space of its profile."""
    profiles = [
        ImageCms.ImageCmsProfile(BytesIO(intent.DestOutputProfile.read_bytes())).profile
        for intent in pdf.Root.OutputIntents
    ]
    return [
        (str(intent.OutputConditionIdentifier), profile.xcolor_space.strip())
        for intent, profile in zip(pdf.Root.OutputIntents, profiles, strict=True)
    ]


def used_beyond_level_1(data: bytes) -> set[bytes]:
    """What ISO 19005-1 forbids, 6.1.4, 6.1.10 and 6.4: what came with PDF 1.5, and transparency.

    Of the objects of a PDF, not of what its contents say.
    """
    bare = re.sub(rb"stream\r?\n.*?endstream", b"", data, flags=re.DOTALL)
    names = rb"/(ObjStm|XRef|LZWDecode|JPXDecode|Crypt|SMask|Group|ca|CA|BM|EF|OCProperties)\b"
    return set(re.findall(names, bare))


@pytest.mark.parametrize("name", ["ObjStm", "SMask", "ca"])
def test_the_rules_of_level_1_see_what_breaks_them(name: str) -> None:
    assert used_beyond_level_1(b"1 0 obj\n<< /%s 1 >>" % name.encode()) == {name.encode()}


def faults_of_syntax(data: bytes) -> list[str]:
    """What breaks ISO 19005-2, 6.1.2 (header), 6.1.3 (trailer), 6.1.7 (streams), 6.1.9 (objects).

    The data of streams, where anything may stand, is left out.
    """
    faults = []
    if not re.match(rb"%PDF-1\.\d\n%[\x80-\xff]{4}", data):
        faults.append("header")
    if not re.search(rb"%%EOF\r?\n?\Z", data):
        faults.append("something after the end")
    streams = re.compile(rb"(?<!end)stream(\r\n|\n|[^\r\n])(.*?)(.)endstream(.)", re.DOTALL)
    for found in streams.finditer(data):
        if b"\n" not in found[1] or found[3] not in b"\r\n" or found[4] not in b"\r\n":
            faults.append(f"stream at {found.start()}")
    bare = streams.sub(b"", data)
    for found in re.finditer(rb"(.)(\d+) (\d+) obj(.)", bare, re.DOTALL):
        if found[4] not in b"\r\n" or not (found[1].isdigit() or found[1] in b"\r\n"):
            faults.append(f"object {found[2].decode()}")
    faults += ["endobj" for found in re.finditer(rb"[^\r\n]endobj|endobj[^\r\n]", bare)]
    return faults


def faults_of_fonts(pdf: pikepdf.Pdf) -> list[str]:
    """What breaks ISO 19005-2, 6.2.11, in the fonts of the first page, as the text uses them."""
    resources = pdf.pages[0].obj.Resources
    font = resources.Font.OcrText
    descendant = font.DescendantFonts[0]
    descriptor = descendant.FontDescriptor
    file = descriptor.FontFile2.read_bytes()
    tables = {
        tag: file[at : at + size]
        for tag, _, at, size in (
            struct.unpack_from(">4sIII", file, 12 + 16 * position)
            for position in range(struct.unpack_from(">H", file, 4)[0])
        )
    }
    units = struct.unpack_from(">H", tables[b"head"], 18)[0]
    glyphs = struct.unpack_from(">H", tables[b"maxp"], 4)[0]
    advances = [struct.unpack_from(">H", tables[b"hmtx"], 4 * glyph)[0] for glyph in range(glyphs)]
    glyph_of = descendant.CIDToGIDMap.read_bytes()
    contents = b"".join(part.read_bytes() for part in pdf.pages[0].Contents)
    known = set(re.findall(rb"^<([0-9A-F]{4})> <", font.ToUnicode.read_bytes(), re.MULTILINE))
    faults = []
    if list(resources.Font.as_dict()) != ["/OcrText"]:
        faults.append("other fonts")
    if not font.BaseFont == descendant.BaseFont == descriptor.FontName:
        faults.append("names differ")
    if int(descriptor.FontFile2.Length1) != len(file):
        faults.append("length of the font file")
    codes = [
        code
        for shown in re.findall(rb"<([0-9A-F]+)> Tj", contents)
        for code in re.findall(rb"[0-9A-F]{4}", shown)
    ]
    assert codes
    for code in codes:
        (glyph,) = struct.unpack_from(">H", glyph_of, 2 * int(code, 16))
        if not 0 < glyph < glyphs:
            faults.append(f"no glyph for {code.decode()}")
        elif advances[glyph] * 1000 / units != descendant.DW:
            faults.append(f"width of {code.decode()}")
        if code not in known:
            faults.append(f"no character for {code.decode()}")
    return faults


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"%PDF-1.4\n1 0 obj\n%%EOF", "header"),
        (b"%%EOF\nmore", "something after the end"),
        (b"\n1 0 obj\n<<>>\nstream\nx endstream\nendobj\n", "stream at"),
        (b"\n1 0 obj <<>>\nendobj\n", "object 1"),
        (b"\n1 0 obj\n<<>> endobj\n", "endobj"),
    ],
)
def test_the_rules_of_syntax_see_what_breaks_them(data: bytes, fault: str) -> None:
    assert any(one.startswith(fault) for one in faults_of_syntax(data))


@pytest.mark.parametrize("is_signed", [False, True])
def test_claims_that_all_text_is_tagged_are_dropped_with_text_that_is_not(
    tmp_path: Path, is_signed: bool
) -> None:
    scan = archived(tmp_path / "scan.pdf", "2", "A")
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata[PDF_UA] = "1"
        pdf.save(scan)
    if is_signed:
        sign(scan)

    made, claims = render(read("Not tagged"), scan)

    assert claims[Claim.PDF_A] is DROPPED
    with pikepdf.open(made) as pdf:
        metadata = pdf.open_metadata()
        assert metadata.pdfa_status == ""
        assert PDF_UA not in metadata
        assert metadata["dc:title"] == "Kept"
        assert "/Filter" not in pdf.Root.Metadata
    assert [status.intact and status.valid for status in verify(made)] == [True] * is_signed


def test_claims_stay_where_nothing_is_added(tmp_path: Path) -> None:
    scan = archived(tmp_path / "scan.pdf", "2", "A")

    made, claims = render(document(page(**SIZE)), scan)

    assert made.read_bytes() == scan.read_bytes()
    assert claims == {Claim.PDF_A: KEPT}


def test_a_pdf_of_several_files_claims_nothing(tmp_path: Path) -> None:
    first, second = (archived(tmp_path / f"{name}.pdf", "2", "B") for name in "ab")

    made, claims = render(read("One", "Two"), first, second)

    assert claims == {Claim.PDF_A: DROPPED}
    with pikepdf.open(made) as pdf:
        assert pdf.open_metadata().pdfa_status == ""


@pytest.mark.parametrize("metadata", [b"", b"no XML", b"<x>http://www.aiim.org/pdfa/ns/id/"])
def test_metadata_that_cannot_be_read_claim_nothing(tmp_path: Path, metadata: bytes) -> None:
    scan = picture_pdf(tmp_path / "scan.pdf", noise(298, 420))
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.Root.Metadata = pdf.make_stream(metadata)
        pdf.save(scan)

    made, claims = render(read("Read"), scan)

    assert claims == {}
    assert pdf_text(made) == "Read"
