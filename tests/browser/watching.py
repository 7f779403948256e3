"""What a page must not do: complain, call foreign hosts, shut people out."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    JSHandle,
    Locator,
    Page,
    Request,
    WebError,
)

from tests.waiting import wait_for

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"type": "tag", "values": RULES}
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


class Watch:
    """Collects what pages of a context say on the console and which hosts they call.

    `expected` are pieces of messages that a test provokes, such as "413".
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self._own = urlsplit(url).port
        self._messages: list[str] = []
        self.expected: list[str] = []
        self.foreign_hosts: set[str] = set()
        self._context = context
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("request", self._see)

    def close(self) -> None:
        """Watch no longer."""
        self._context.remove_listener("console", self._hear)
        self._context.remove_listener("weberror", self._catch)
        self._context.remove_listener("request", self._see)

    @property
    def problems(self) -> list[str]:
        """The messages that were not expected."""
        return [m for m in self._messages if not any(piece in m for piece in self.expected)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._messages.append(message.text)

    def _catch(self, error: WebError) -> None:
        self._messages.append(str(error.error))

    def _see(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.port != self._own:
            self.foreign_hosts.add(parts.netloc)


NOTE_TEXTS = """(element) => {
  const texts = [element.textContent];
  const note = () => texts.push(element.textContent);
  new MutationObserver(note).observe(element, { childList: true, subtree: true });
  return texts;
}"""


def note_texts(element: Locator) -> JSHandle:
    """All that an element says from now on, however short it stands there."""
    return element.evaluate_handle(NOTE_TEXTS)


def await_text(texts: JSHandle, words: str) -> None:
    """Wait until these words were among the texts."""
    wait_for(lambda: any(words in text for text in texts.json_value()))


def assert_accessible(page: Page) -> None:
    """No fault that axe finds, in light and, of colours, in dark."""
    looked_for: dict[Literal["light", "dark"], object] = {"light": ALL, "dark": OF_COLOURS}
    for scheme, rules in looked_for.items():
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        options = {"runOnly": rules, "resultTypes": ["violations"]}
        results = Axe().run(page, options=options)
        faults = [
            f"{fault['id']}: {[node['target'] for node in fault['nodes']]}"
            for fault in results.response["violations"]
        ]

        assert faults == [], (scheme, faults)
