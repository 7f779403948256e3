"""Other servers' routes, so that their clients work by changing the address; off by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ocr_server.settings import ALL_ADAPTERS
from ocr_server.web.compat import (
    azure_document,
    docling,
    mistral,
    ocrserver,
    open_webui,
    plain_base64,
    tesseract_server,
    tika,
)
from ocr_server.web.compat.adapter import Adapter

ADAPTERS: Mapping[str, Adapter] = {
    "azure-document-intelligence": azure_document.ADAPTER,
    "base64": plain_base64.ADAPTER,
    "docling": docling.ADAPTER,
    "mistral": mistral.ADAPTER,
    "ocrserver": ocrserver.ADAPTER,
    "open-webui": open_webui.ADAPTER,
    "tesseract-server": tesseract_server.ADAPTER,
    "tika": tika.ADAPTER,
}


def adapters_named(names: Iterable[str]) -> list[Adapter]:
    """The adapters of these names, each once; all of them if `all` is among the names."""
    wanted = set(names)
    return [
        adapter for name, adapter in ADAPTERS.items() if name in wanted or ALL_ADAPTERS in wanted
    ]
