from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Dictionary, Name
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.status import SignatureCoverageLevel

from ocr_server.document.model import Document, TextSource
from ocr_server.errors import OcrServerError, SignedDocument
from ocr_server.export.pdf.writer import render_pdf
from ocr_server.export.rendering import Claim, ClaimOutcome, Rendering, SignatureUse
from tests.export.documents import document, page, zone
from tests.export.pdf.signing import save_with_streams, sign, verify
from tests.export.pictures import noise, pdf_pixels, pdf_text, picture_pdf, typed_pdf

ENTIRE_REVISION = SignatureCoverageLevel.ENTIRE_REVISION
SIZE = {"width_px": 298, "height_px": 420}  # an A6 page at 72 dpi


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return picture_pdf(tmp_path / "scan.pdf", noise(298, 420))


def read(*texts: str, source: TextSource = TextSource.RECOGNISED) -> Document:
    """Pages of A6, each with a line of text."""
    pages = (page(zone(text), number=at, **SIZE) for at, text in enumerate(texts, 1))
    return document(*(replace(one, dpi=72.0, source=source) for one in pages))


def render(
    read: Document, *sources: Path, signatures: SignatureUse = SignatureUse.KEEP
) -> tuple[Path, dict[Claim, ClaimOutcome]]:
    """The PDF beside its first source, and what it says of its claims."""
    rendering = Rendering(signatures=signatures)
    made = sources[0].with_name("made.pdf")
    made.write_bytes(b"".join(render_pdf(read, sources, rendering)))
    with pikepdf.open(made) as pdf:
        assert pdf.check_pdf_syntax() == []
    return made, rendering.claims


@pytest.mark.parametrize("prepare", [Path, save_with_streams])
def test_text_is_appended_behind_what_was_signed(
    scan: Path, prepare: Callable[[Path], Path]
) -> None:
    sign(prepare(scan))
    signed, before = scan.read_bytes(), pdf_pixels(scan)

    made, claims = render(read("Appended words"), scan)

    assert made.read_bytes().startswith(signed)
    assert made.stat().st_size - len(signed) < 4000  # bytes: the font, the text and the page
    assert pdf_text(made) == "Appended words"
    assert (pdf_pixels(made) == before).all()
    (status,) = verify(made)
    assert status.intact
    assert status.valid
    assert status.coverage == ENTIRE_REVISION
    # A verifier sees what it is: an addition to the page, which no standard calls a form's.
    assert status.modification_level == ModificationLevel.OTHER
    assert claims == {Claim.SIGNATURES: ClaimOutcome.UPDATED}


def test_the_cross_references_have_the_form_of_the_file(scan: Path) -> None:
    sign(scan)
    size = scan.stat().st_size

    assert b"\nxref\n" in render(read("A"), scan)[0].read_bytes()[size:]
    sign(save_with_streams(picture_pdf(scan, noise(298, 420))))
    size = scan.stat().st_size
    assert b"/Type /XRef" in render(read("A"), scan)[0].read_bytes()[size:]


def test_what_pages_inherit_stays_in_an_update(tmp_path: Path, scan: Path) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "One", "Two")
    with pikepdf.open(typed, allow_overwriting_input=True) as pdf:
        for one in pdf.pages:
            del one.obj.MediaBox, one.obj.Resources
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pdf.Root.Pages.Resources = Dictionary(Font=Dictionary(F=font))
        pdf.Root.Pages.MediaBox = [0, 0, 298, 420]
        pdf.Root.Pages.Rotate = 180
        pdf.save(typed)
    sign(typed)
    before = pdf_pixels(typed, 1)

    made, _ = render(read("More", "More"), typed)

    assert (pdf_pixels(made, 1) == before).all()
    assert sorted(pdf_text(made, 1).split()) == ["More", "Two"]
    assert [status.coverage for status in verify(made)] == [ENTIRE_REVISION]


def test_an_update_can_be_updated_and_signed_again(scan: Path) -> None:
    sign(scan)
    once, _ = render(read("0ld words"), scan)
    sign(once.rename(scan), "Second")

    made, _ = render(read("New words"), scan)

    assert pdf_text(made) == "New words"
    assert [status.intact and status.valid for status in verify(made)] == [True, True]


@pytest.mark.parametrize("signatures", [True, False])
@pytest.mark.parametrize("source", [TextSource.TEXT_LAYER, TextSource.RECOGNISED])
def test_a_pdf_to_which_nothing_is_added_leaves_as_it_came(
    tmp_path: Path, source: TextSource, signatures: bool
) -> None:
    typed = typed_pdf(tmp_path / "typed.pdf", "Typed", "pages")
    if signatures:
        sign(typed, certify=MDPPerm.NO_CHANGES)
    # What was recognised lies on what is shown, so it is not added.
    shown = read("Typed", "pages", source=source)
    if source is TextSource.RECOGNISED:
        shown = document(*(replace(one, zones=()) for one in shown.pages))

    made, claims = render(shown, typed)

    assert made.read_bytes() == typed.read_bytes()
    assert claims == ({Claim.SIGNATURES: ClaimOutcome.KEPT} if signatures else {})


@pytest.mark.parametrize("level", MDPPerm)
def test_text_for_a_certified_pdf_is_refused(scan: Path, level: MDPPerm) -> None:
    sign(scan, certify=level)

    with pytest.raises(SignedDocument, match=r"limited what may be changed.*signatures=drop"):
        render(read("More"), scan)


def test_text_behind_a_lock_is_refused(scan: Path) -> None:
    sign(scan, lock=True)

    with pytest.raises(SignedDocument, match="limited what may be changed"):
        render(read("More"), scan)


def test_usage_rights_count_as_a_signature(scan: Path) -> None:
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.Root.Perms = pikepdf.Dictionary(UR3=pikepdf.Dictionary(Contents=b"\0"))
        pdf.save(scan)

    with pytest.raises(SignedDocument, match="limited what may be changed"):
        render(read("More"), scan)
    assert "/Perms" not in pikepdf.open(render(read("More"), scan, signatures=DROP)[0]).Root


def test_a_signed_pdf_is_neither_cut_nor_put_together(tmp_path: Path, scan: Path) -> None:
    typed = sign(typed_pdf(tmp_path / "typed.pdf", "One", "Two"))

    with pytest.raises(SignedDocument, match="not all were asked for"):
        render(read("One", source=TextSource.TEXT_LAYER), typed)
    with pytest.raises(SignedDocument, match="several files"):
        render(read("Scan", "One", "Two"), scan, typed)


@pytest.mark.parametrize("problem", ["encrypted", "damaged", "header"])
def test_a_signed_pdf_that_takes_no_update_is_refused(scan: Path, problem: str) -> None:
    if problem == "encrypted":
        with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
            pdf.save(scan, encryption=pikepdf.Encryption(owner="owner", user=""))
    sign(scan)
    data = scan.read_bytes()
    if problem == "damaged":
        at = data.rindex(b"startxref")
        scan.write_bytes(data[:at] + b"startxref\n7\n%%EOF\n")
    elif problem == "header":
        scan.write_bytes(b"before it\n" + data)

    with pytest.raises(SignedDocument, match="Nothing can be appended to it"):
        render(read("More"), scan)


DROP = SignatureUse.DROP


@pytest.mark.parametrize("prepare", [Path, save_with_streams])
def test_signatures_are_dropped_on_request_with_their_marks(
    scan: Path, prepare: Callable[[Path], Path]
) -> None:
    sign(prepare(scan), certify=MDPPerm.NO_CHANGES, box=(50, 50, 200, 100))

    made, claims = render(read("Written anew"), scan, signatures=DROP)

    assert pdf_text(made) == "Written anew"
    assert verify(made) == []
    with pikepdf.open(made) as pdf:
        assert not list(pdf.pages[0].obj.Annots)
        assert "/Perms" not in pdf.Root
        assert "/SigFlags" not in pdf.Root.AcroForm
    assert claims == {Claim.SIGNATURES: ClaimOutcome.DROPPED}


def test_signatures_are_dropped_where_nothing_is_added_and_from_several_files(
    tmp_path: Path, scan: Path
) -> None:
    typed = sign(typed_pdf(tmp_path / "typed.pdf", "Typed"))

    for made, claims in (
        render(read("Typed", source=TextSource.TEXT_LAYER), typed, signatures=DROP),
        render(read("Scan", "Typed"), scan, typed, signatures=DROP),
    ):
        assert verify(made) == []
        with pikepdf.open(made) as pdf:
            assert not list(pdf.pages[-1].obj.get("/Annots", []))
        assert claims == {Claim.SIGNATURES: ClaimOutcome.DROPPED}


def test_fields_that_are_not_signed_stay_when_signatures_are_dropped(scan: Path) -> None:
    sign(scan)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        box = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx,
            T=b"name", V=b"kept", Rect=[0, 0, 9, 9],
        )  # fmt: skip
        field = pdf.make_indirect(box)
        group = pdf.make_indirect(pikepdf.Dictionary(T=b"group", Kids=[field]))
        field.Parent = group
        pdf.Root.AcroForm.Fields.append(group)
        pdf.pages[0].obj.Annots.append(field)
        pdf.save(scan)

    made, _ = render(read("More"), scan, signatures=DROP)

    with pikepdf.open(made) as pdf:
        assert [str(one.T) for one in pdf.Root.AcroForm.Fields] == ["group"]
        assert [str(one.V) for one in pdf.pages[0].obj.Annots] == ["kept"]


def test_fields_in_a_ring_as_hostile_files_have_them_come_to_an_end(scan: Path) -> None:
    sign(scan)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        group = pdf.make_indirect(pikepdf.Dictionary(T=b"group", Kids=[]))
        pdf.Root.AcroForm.Fields.append(group)
        group.Kids.append(group)
        pdf.save(scan)

    rendering = Rendering(signatures=DROP)
    made = b"".join(render_pdf(read("More"), (scan,), rendering))

    assert made.startswith(b"%PDF")
    assert rendering.claims[Claim.SIGNATURES] is ClaimOutcome.DROPPED


# What pikepdf says of marks whose form was damaged.
@pytest.mark.filterwarnings("ignore:This document has 1 form widget")
@pytest.mark.parametrize("prepare", [Path, save_with_streams])
def test_a_damaged_signed_pdf_is_written_or_refused(
    tmp_path: Path, prepare: Callable[[Path], Path]
) -> None:
    scan = sign(prepare(picture_pdf(tmp_path / "scan.pdf", noise(64, 64))))
    data, chance, outcomes = scan.read_bytes(), np.random.default_rng(1), set[str]()
    names = [found.start() for found in re.finditer(rb"/[A-Z]", data)]

    for _ in range(60):
        at, length = int(chance.choice(names)), int(chance.integers(1, 30))
        instead = [b"", b"/Null", b"9 0 R"][chance.integers(3)]
        scan.write_bytes(data[:at] + instead + data[at + length :])
        for use in SignatureUse:
            try:
                made = b"".join(render_pdf(read("More"), (scan,), Rendering(signatures=use)))
            except OcrServerError as error:
                outcomes.add(error.code)
            else:
                scan.with_name("made.pdf").write_bytes(made)
                assert "More" in pdf_text(scan.with_name("made.pdf"))
                outcomes.add("written")

    assert outcomes == {"written", "damaged-picture", "signed-document"}
