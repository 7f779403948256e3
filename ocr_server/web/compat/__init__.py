"""Other servers' routes, so that their clients work by changing the address; off by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Flask

from ocr_server.web.compat import ocrserver, open_webui, plain_base64, tesseract_server, tika
from ocr_server.web.compat.adapter import Adapter
from ocr_server.web.problems import COMPAT

ADAPTERS: Mapping[str, Adapter] = {
    "base64": plain_base64.ADAPTER,
    "ocrserver": ocrserver.ADAPTER,
    "open-webui": open_webui.ADAPTER,
    "tesseract-server": tesseract_server.ADAPTER,
    "tika": tika.ADAPTER,
}


def init_app(app: Flask, names: Iterable[str]) -> None:
    """Serve the routes of these adapters."""
    adapters = [ADAPTERS[name] for name in names]
    blueprint = Blueprint(COMPAT, __name__)
    for adapter in adapters:
        blueprint.register_blueprint(adapter.blueprint)
    statuses = [adapter.status for adapter in adapters if adapter.status]

    def status() -> dict[str, Any]:
        """One answer for all adapters that have this route: their members do not clash."""
        return {name: value for one in statuses for name, value in one().items()}

    if statuses:
        blueprint.add_url_rule("/status", view_func=status)
    app.register_blueprint(blueprint)
