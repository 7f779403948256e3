"""Other servers' routes, so that their clients work by changing the address; off by default."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from flask import Flask

from ocr_server.settings import ADAPTER_NAMES, ALL_ADAPTERS

if TYPE_CHECKING:
    from ocr_server.web.compat.adapter import Adapter

# The module of an adapter has its name, but for these.
_MODULES = {"azure-document-intelligence": "azure_document", "base64": "plain_base64"}


def serve_adapters(app: Flask, names: Iterable[str]) -> None:
    """Serve the routes of the adapters of these names."""
    if adapters := adapters_named(names):
        from ocr_server.web.compat.adapter import register  # noqa: PLC0415  # most have none

        register(app, adapters.values())


def adapters_named(names: Iterable[str]) -> dict[str, Adapter]:
    """The adapters of these names, each once; all of them if `all` is among the names.

    Only their modules are imported, as most servers have none.
    """
    wanted = set(names)
    return {
        name: _adapter(_MODULES.get(name, name.replace("-", "_")))
        for name in ADAPTER_NAMES
        if name in wanted or ALL_ADAPTERS in wanted
    }


def _adapter(module: str) -> Adapter:
    adapter: Adapter = import_module(f"{__name__}.{module}").ADAPTER
    return adapter
