"""PDFs signed for the tests, and what a verifier says of a signature."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import pikepdf
import trustme
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore


def sign(
    path: Path,
    name: str = "Signature",
    *,
    certify: MDPPerm | None = None,
    lock: bool = False,
    box: tuple[int, int, int, int] | None = None,
) -> Path:
    """Sign a PDF in place: certified for some changes only, or with a lock on all fields.

    `name` is that of the new field, and `box` is where the mark of the signature shows, in points.
    """
    locked = FieldMDPSpec(FieldMDPAction.ALL) if lock else None
    signer = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=name,
            certify=certify is not None,
            docmdp_permissions=certify or MDPPerm.FILL_FORMS,
        ),
        signer=_signer(),
        new_field_spec=SigFieldSpec(name, box=box, field_mdp_spec=locked),
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(path.read_bytes()))
    if writer.security_handler:
        writer.encrypt(b"")  # type: ignore[no-untyped-call]  # pyHanko annotates it not
    signed = signer.sign_pdf(writer)
    path.write_bytes(signed.getvalue())
    return path


def verify(path: Path) -> list[PdfSignatureStatus]:
    """What pyHanko says of each signature."""
    reader = PdfFileReader(io.BytesIO(path.read_bytes()))
    trusting = ValidationContext(trust_roots=[_signer().signing_cert])
    return [validate_pdf_signature(one, trusting) for one in reader.embedded_signatures]


def save_with_streams(path: Path) -> Path:
    """Write a PDF anew with its objects and its cross-references in streams."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return path


@cache
def _signer() -> signers.SimpleSigner:
    made = trustme.CA().issue_cert("signer@example.org")
    (certificate,) = load_certs_from_pemder_data(made.cert_chain_pems[0].bytes())
    return signers.SimpleSigner(
        signing_cert=certificate,
        signing_key=load_private_key_from_pemder_data(made.private_key_pem.bytes(), None),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]  # nor this
    )
