"""Other servers' routes, so that their clients work by changing the address; off by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ocr_server.settings import ALL_ADAPTERS
from ocr_server.web.compat import (
    azure_document,
    azure_vision,
    docling,
    google_vision,
    liteparse,
    mistral,
    ocr_space,
    ocrserver,
    ollama,
    open_webui,
    openai,
    plain_base64,
    tesseract_server,
    textract,
    tika,
    unstructured,
)
from ocr_server.web.compat.adapter import Adapter

ADAPTERS: Mapping[str, Adapter] = {
    "azure-document-intelligence": azure_document.ADAPTER,
    "azure-vision": azure_vision.ADAPTER,
    "base64": plain_base64.ADAPTER,
    "docling": docling.ADAPTER,
    "google-vision": google_vision.ADAPTER,
    "liteparse": liteparse.ADAPTER,
    "mistral": mistral.ADAPTER,
    "ocr-space": ocr_space.ADAPTER,
    "ocrserver": ocrserver.ADAPTER,
    "ollama": ollama.ADAPTER,
    "open-webui": open_webui.ADAPTER,
    "openai": openai.ADAPTER,
    "tesseract-server": tesseract_server.ADAPTER,
    "textract": textract.ADAPTER,
    "tika": tika.ADAPTER,
    "unstructured": unstructured.ADAPTER,
}


def adapters_named(names: Iterable[str]) -> list[Adapter]:
    """The adapters of these names, each once; all of them if `all` is among the names."""
    wanted = set(names)
    return [
        adapter for name, adapter in ADAPTERS.items() if name in wanted or ALL_ADAPTERS in wanted
    ]
