"""The web application: its table of contents."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from ocr_server.request import profiles
from ocr_server.runtime.admission import Admission
from ocr_server.runtime.pool import ProcessWorkerPool, WorkerPool
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.settings import Settings
from ocr_server.web import (
    access,
    api,
    compression,
    cors,
    docs,
    frames,
    health,
    keys,
    metrics,
    pages,
    problems,
    security,
)
from ocr_server.web.bodies import HeldRequest
from ocr_server.web.compat import register as compat
from ocr_server.web.service import EXTENSION, Service

ROOT = Path(__file__).parent.parent
MAX_FIELDS_BYTES = 1024 * 1024  # a picture travels as a file; fields are options


def create_app(settings: Settings | None = None, workers: WorkerPool | None = None) -> Flask:
    """An application that is ready to serve; without settings it reads the environment.

    Raises:
        SettingsError: the environment, the file of keys or a profile is not understood.
        StorageFull: the temporary folder cannot be written to.
    """
    settings = settings or Settings.from_environment()
    digests = keys.read_key_digests(settings)  # before anything is started that would have to end
    known_profiles = profiles.load_profiles(settings.profiles)
    has_pages = settings.pages == "on"
    app = Flask(
        __name__,
        template_folder=ROOT / "templates",
        static_folder="static" if has_pages else None,
    )
    app.request_class = HeldRequest
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=MAX_FIELDS_BYTES,
    )
    workers = workers or ProcessWorkerPool(settings)
    app.extensions[EXTENSION] = Service(
        settings=settings,
        workers=workers,
        scratch=ScratchSpace(settings.temp_dir),
        admission=Admission(slots=workers.slots, waiting=settings.waiting),
        profiles=known_profiles,
    )
    access.init_app(app)
    problems.init_app(app)
    security.init_app(app)
    compression.init_app(app)
    cors.init_app(app)
    keys.init_app(app, digests)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(frames.blueprint)
    app.register_blueprint(metrics.blueprint)
    compat.init_app(app, settings.compat)
    if has_pages:
        app.register_blueprint(pages.blueprint)
        app.register_blueprint(docs.blueprint)
    return app
