"""The Flask application: all blueprints are registered here."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from ocr_server.runtime.pool import WorkerPool
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web import (
    access_log,
    api,
    app_manifest,
    auth,
    browser,
    frames,
    gate,
    health,
    jobs,
    mcp,
    openapi,
    pages,
    phones,
    problems,
    uploads,
    verify,
)
from ocr_server.web.compat import serve_adapters
from ocr_server.web.context import EXTENSION, remove_job_folder
from ocr_server.web.multipart import MAX_FIELDS_BYTES, MOST_FIELDS, SpooledRequest

ROOT = Path(__file__).parent.parent


def create_app(
    settings: Settings | None = None, workers: WorkerPool | None = None, *, is_worker: bool = False
) -> Flask:
    """An application that is ready to serve; by default, settings come from the environment.

    One that `is_worker` reads the pages of jobs, and answers for its health and metrics alone.

    Raises:
        SettingsError: the environment, the file of keys or a profile is not understood.
        StorageFull: the temporary folder cannot be written to.
    """
    settings = settings or Settings.from_environment()
    digests = auth.read_key_digests(settings)  # may fail, so before worker processes are started
    has_pages = settings.pages == "on" and not is_worker
    app = Flask(
        __name__,
        template_folder=ROOT / "templates",
        static_folder="static" if has_pages else None,
    )
    app.request_class = SpooledRequest
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=MAX_FIELDS_BYTES,
        MAX_FORM_PARTS=MOST_FIELDS,
    )
    app.teardown_request(remove_job_folder)
    here = app.extensions[EXTENSION] = Service.start(settings, workers)
    if settings.jobs:
        # Its engine takes time and memory, so only where jobs are kept.
        from ocr_server.jobs.jobs import running  # noqa: PLC0415

        try:
            app.extensions[jobs.EXTENSION] = here.closing.enter_context(running(here))
        except BaseException:
            here.close()
            raise
    access_log.init_app(app)
    problems.init_app(app)
    browser.init_app(app)
    auth.init_app(app, digests)
    gate.init_app(app)
    app.url_map.strict_slashes = False  # programs may end a path in a slash that it does not have
    app.register_blueprint(health.blueprint)
    if is_worker:
        return app
    app.register_blueprint(api.blueprint)
    app.register_blueprint(frames.blueprint)
    app.register_blueprint(jobs.blueprint)
    app.register_blueprint(verify.blueprint)
    app.register_blueprint(mcp.blueprint)
    app.register_blueprint(uploads.blueprint)
    app.register_blueprint(phones.blueprint)
    app.register_blueprint(openapi.blueprint)
    serve_adapters(app, settings.compat)
    if has_pages:
        app.url_map.strict_slashes = True  # addresses in a page are relative to its own
        app.register_blueprint(pages.blueprint)
        app.register_blueprint(app_manifest.blueprint)
    return app
