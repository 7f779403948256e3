"""The models that services with several of them list: each reads pictures and does nothing else."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from ocr_server.errors import JobMissing

MISTRAL_MODEL = "mistral-ocr-latest"
MODEL = "ocr-server"
_NAMES = (MODEL, MISTRAL_MODEL)


def list_models() -> Response:
    """The models, which gateways and settings pages ask for."""
    return jsonify(object="list", data=[_model(name) for name in _NAMES])


def describe_model(name: str) -> Response:
    """One of the models."""
    if name not in _NAMES:
        raise JobMissing(f"There is no such model. Ask for {' or '.join(_NAMES)}.")
    return jsonify(_model(name))


def _model(name: str) -> dict[str, Any]:  # as mixed as what OpenAI answers
    return {
        "id": name, "object": "model", "created": 0, "owned_by": MODEL, "type": "base",
        "capabilities": {"ocr": True},
    }  # fmt: skip
