"""The models that services with several of them list: each reads pictures and does nothing else."""

from __future__ import annotations

from flask import Response, jsonify

MISTRAL_MODEL = "mistral-ocr-latest"
MODEL = "ocr-server"


def list_models() -> Response:
    """The models, which gateways and settings pages ask for."""
    models = [
        {
            "id": name, "object": "model", "created": 0, "owned_by": MODEL, "type": "base",
            "capabilities": {"ocr": True},
        }
        for name in (MODEL, MISTRAL_MODEL)
    ]  # fmt: skip
    return jsonify(object="list", data=models)
