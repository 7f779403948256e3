"""The pages behind a proxy that serves them below a path."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from ocr_server.settings import Settings
from tests.browser.watching import Watch
from tests.serving import served

PREFIX = "/house/ocr"
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class StrippingProxy(ThreadingHTTPServer):
    """Hands on what is asked for below the prefix, without it, and notes what is asked outside."""

    def __init__(self, upstream: str, *, says_prefix: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.upstream, self.says_prefix = urlsplit(upstream).netloc, says_prefix
        self.outside: list[str] = []


class _Forward(BaseHTTPRequestHandler):
    server: StrippingProxy

    def do_GET(self) -> None:
        if not self.path.startswith(f"{PREFIX}/"):
            self.server.outside.append(f"{self.command} {self.path}")
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {
            name: text for name, text in self.headers.items() if name.lower() not in HOP_BY_HOP
        }
        if self.server.says_prefix:
            headers["X-Forwarded-Prefix"] = PREFIX
        with closing(http.client.HTTPConnection(self.server.upstream)) as upstream:
            upstream.request(self.command, self.path.removeprefix(PREFIX), body, headers)
            answer = upstream.getresponse()
            data = answer.read()
        self.send_response(answer.status)
        for name, text in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        with suppress(ConnectionError):  # the browser has gone on to the next page
            self.end_headers()
            self.wfile.write(data)

    do_POST = do_GET  # noqa: N815  # the name that BaseHTTPRequestHandler calls

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(params=[True, False], ids=["with-header", "without-header"])
def proxy(
    request: pytest.FixtureRequest, app: Flask, settings: Settings
) -> Iterator[StrippingProxy]:
    trusting = replace(settings, trusted_proxy="127.0.0.1")
    with served(app, trusting) as upstream:
        proxy = StrippingProxy(upstream, says_prefix=request.param)
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
            proxy.server_close()


@pytest.fixture
def url(proxy: StrippingProxy) -> str:
    return f"http://127.0.0.1:{proxy.server_port}{PREFIX}"


def test_everything_is_asked_for_below_the_path(
    page: Page, url: str, letter: Path, proxy: StrippingProxy
) -> None:
    page.goto(f"{url}/")
    page.set_input_files("#file", letter)
    expect(page.locator("main")).to_have_attribute("data-state", "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()
    with page.expect_response("**/v1/render") as answer:
        page.locator("[data-part=downloads] summary").click()
        page.locator("[data-part=downloads] [data-format=docx]").click()

    assert answer.value.ok
    assert proxy.outside == []


def test_the_pages_lead_to_each_other(page: Page, url: str, proxy: StrippingProxy) -> None:
    page.goto(f"{url}/")
    for name, path in (("Webcam", "/webcam"), ("About", "/about"), ("Upload", "/")):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page).to_have_url(url + path)
    page.goto(f"{url}/docs")
    # Asked for, not gone to: of a document that is no page, the browser wants /favicon.ico.
    link = page.get_by_role("link", name="OpenAPI")
    assert link.evaluate("async (link) => (await fetch(link.href)).status") == 200

    assert proxy.outside == []


def test_without_scripts_the_form_posts_below_the_path(
    context: BrowserContext, url: str, letter: Path, proxy: StrippingProxy, watch: Watch
) -> None:
    browser = context.browser
    assert browser
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(f"{url}/")
    page.set_input_files("#file", letter)
    page.get_by_role("button", name="Read").first.click()

    expect(page).to_have_url(f"{url}/")
    expect(page.get_by_text("Dear").first).to_be_visible()
    assert proxy.outside == []
    assert watch.foreign_hosts == set()
    plain.close()
