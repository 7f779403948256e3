"""Firefox and WebKit, steered alike: Firefox by Playwright, WebKit by its own driver."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from PIL import Image
from playwright.sync_api import Page, Playwright

from tests.drawing import as_file
from tests.waiting import BOUND_S, wait_for

ENTER = "\ue007"  # as WebDriver writes the key
WEBKIT_WINDOW = Path(__file__).with_name("webkit_window.py")

# Runs before each page's own scripts: collects what goes wrong, and makes a picture the camera.
PRELOAD = """
window.problems = [];
for (const kind of ["error", "warn"]) {
  const say = console[kind].bind(console);
  console[kind] = (...words) => { problems.push(`${kind}: ${words.join(" ")}`); say(...words); };
}
addEventListener("error", ({ message, target }) => {
  // Firefox complains of a module that was asked for before it was preloaded.
  if (target.rel !== "modulepreload")
    problems.push(`error: ${message ?? target.src ?? target.href}`);
}, true);
addEventListener("unhandledrejection", (event) => problems.push(`rejection: ${event.reason}`));
document.addEventListener("securitypolicyviolation", (event) => {
  problems.push(`refused: ${event.violatedDirective} ${event.blockedURI}`);
});
if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
  const image = new Image();
  image.src = PICTURE;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const pen = canvas.getContext("2d");
  setInterval(() => pen.drawImage(image, 0, 0), 200); // what is not drawn anew gives no frames
  return canvas.captureStream(5);
};
"""


class Driven(Protocol):
    """A page of a browser."""

    saved: Path  # the folder of its downloads

    def open(self, url: str) -> None: ...
    def give(self, selector: str, file: Path) -> None: ...
    def click(self, selector: str) -> None: ...

    def type(self, selector: str, text: str) -> None:
        """Type into a field, in the place of what is selected there, and press Enter."""

    def ask(self, expression: str) -> Any:  # noqa: ANN401  # whatever it is
        """The value of an expression in the page."""


def preload(camera: Image.Image) -> str:
    """The script of all pages, with what the camera sees."""
    picture = "data:image/png;base64," + base64.b64encode(as_file(camera)).decode()
    return PRELOAD.replace("PICTURE", json.dumps(picture))


class Firefox:
    """A page of Firefox."""

    def __init__(self, page: Page, saved: Path) -> None:
        self._page = page
        self.saved = saved

    def open(self, url: str) -> None:
        self._page.goto(url)

    def give(self, selector: str, file: Path) -> None:
        self._page.set_input_files(selector, file)

    def click(self, selector: str) -> None:
        self._page.click(selector)

    def type(self, selector: str, text: str) -> None:
        field = self._page.locator(selector)
        field.press_sequentially(text)
        field.press("Enter")

    def ask(self, expression: str) -> Any:  # noqa: ANN401
        return self._page.evaluate(f"() => ({expression})")


class WebKit:
    """A window of WebKitGTK, steered by what little of WebDriver that takes.

    Source: W3C, WebDriver, 2018, sections 6 and 8 to 15.
    """

    def __init__(self, port: int, saved: Path) -> None:
        self._port = port
        self._session = ""
        self.saved = saved
        options = {"binary": str(WEBKIT_WINDOW), "args": []}
        wanted = {"browserName": "webkit-window", "webkitgtk:browserOptions": options}
        new = self._send("POST", "", capabilities={"alwaysMatch": wanted})
        self._session = f"/{new['sessionId']}"

    def open(self, url: str) -> None:
        self._send("POST", "/url", url=url)

    def give(self, selector: str, file: Path) -> None:
        self._send("POST", f"/element/{self._find(selector)}/value", text=str(file))

    def click(self, selector: str) -> None:
        """As soon as the element can be clicked: what moves or is covered is refused."""
        path = f"/element/{self._find(selector)}/click"
        wait_for(lambda: self._answer("POST", path)[0] == HTTPStatus.OK)

    def type(self, selector: str, text: str) -> None:
        self._send("POST", f"/element/{self._find(selector)}/value", text=text + ENTER)

    def ask(self, expression: str) -> Any:  # noqa: ANN401
        return self._send("POST", "/execute/sync", script=f"return ({expression})", args=[])

    def _find(self, selector: str) -> str:
        found = self._send("POST", "/element", using="css selector", value=selector)
        (element,) = found.values()
        return str(element)

    def _send(self, method: str, path: str, **values: object) -> Any:  # noqa: ANN401  # JSON
        status, answer = self._answer(method, path, **values)
        assert status == HTTPStatus.OK, answer
        return answer

    def _answer(self, method: str, path: str, **values: object) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=BOUND_S)
        with closing(connection):
            body = json.dumps(values) if method == "POST" else None
            connection.request(method, f"/session{self._session}{path}", body)
            response = connection.getresponse()
            return response.status, json.load(response)["value"]


@contextmanager
def firefox(
    playwright: Playwright, program: Path, saved: Path, camera: Image.Image
) -> Iterator[Driven]:
    """A Firefox as it is installed, which Playwright steers by WebDriver BiDi."""
    browser = playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=program,
        downloads_path=saved,
    )
    try:
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        context.set_default_timeout(BOUND_S * 1000)
        context.add_init_script(preload(camera))
        yield Firefox(context.new_page(), saved)
    finally:
        browser.close()


@contextmanager
def webkit(program: Path, saved: Path, camera: Image.Image) -> Iterator[Driven]:
    """A WebKitGTK on a screen of its own, as it cannot do without one."""
    script = saved / "preload.js"
    script.write_text(preload(camera))
    port = free_port()
    with screen() as display:
        homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME"), str(saved))  # without its settings
        environment = {**os.environ, **homes, "DISPLAY": display, "WEBKIT_PRELOAD": str(script)}
        command = [str(program), f"--port={port}"]
        process = subprocess.Popen(  # noqa: S603  # Debian's
            command, env=environment, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(lambda: is_listening(port))
            yield WebKit(port, saved)
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def screen() -> Iterator[str]:
    """The name of a screen that nobody sees."""
    told, tell = os.pipe()
    command = ["Xvfb", "-displayfd", str(tell), "-screen", "0", "1280x860x24", "-nolisten", "tcp"]
    process = subprocess.Popen(  # noqa: S603  # Debian's
        command, pass_fds=[tell], stderr=subprocess.DEVNULL
    )
    os.close(tell)
    try:
        with os.fdopen(told) as pipe:
            yield f":{pipe.readline().strip()}"
    finally:
        process.terminate()
        process.wait()
