"""Serving the routes of the rivals that the operator named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Flask

from ocr_server.web.compat import COMPAT
from ocr_server.web.problems import COMPAT as NAME


def init_app(app: Flask, names: Iterable[str]) -> None:
    """Serve the routes of these rivals, and what they share."""
    rivals = [COMPAT[name] for name in names]
    every = Blueprint(NAME, __name__)
    for rival in rivals:
        every.register_blueprint(rival.blueprint)
    shares = [rival.status for rival in rivals if rival.status]

    def tell_status() -> dict[str, Any]:
        """One answer for all who have the same route: their members do not clash."""
        return {name: value for share in shares for name, value in share().items()}

    if shares:
        every.add_url_rule("/status", view_func=tell_status)
    app.register_blueprint(every)
