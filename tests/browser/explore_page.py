"""The page of ``freerun explore`` in Debian's Chromium, and the subjects that it is opened on."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from freerun.explore.answers import Forecasts, Texts
from freerun.explore.server import app_for, draw_token, listen, server_for

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

PICTURE = "document.querySelector('#chart canvas').toDataURL()"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the tests are skipped where there is none."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no chromium to look at the page with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def serving(subject: Forecasts | Texts) -> Iterator[str]:
    """The address of the page about a subject."""
    token = draw_token()
    server = server_for(app_for(subject, "a run", token))
    with listen(0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/{token}/"
        finally:
            server.should_exit = True
            thread.join(20)


class Opened:
    """A page that is open; what it complains of, and whom it asks, is kept.

    Args:
        browser: Where.
        url: Which.
        size: Of the window.
        scheme: ``"light"`` or ``"dark"``.
    """

    def __init__(
        self, browser: Browser, url: str, size: tuple[int, int] = (1100, 900), scheme: Any = "light"
    ) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
        )
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)
        self.wait_until("document.getElementById('spent').textContent !== ''")

    @property
    def picture(self) -> str:
        """What is drawn."""
        found = self.page.evaluate(PICTURE)
        assert isinstance(found, str)
        return found

    @property
    def origin(self) -> int:
        """The leaving point that the chart tells."""
        return int(self.page.get_attribute("#chart", "aria-valuenow") or "")

    def wait_until(self, condition: str) -> None:
        """Wait until an expression is true; Playwright's own way is what the page's policy bars."""
        began = time.monotonic()
        while not self.page.evaluate(condition):
            assert time.monotonic() - began < 10, f"never: {condition}"
            self.page.wait_for_timeout(10)

    def wait_for_another(self, picture: str) -> None:
        """Wait until something else is drawn."""
        began = time.monotonic()
        while self.picture == picture:
            assert time.monotonic() - began < 10, "what is drawn stays the same"
            self.page.wait_for_timeout(10)

    def drag(self, start: float, stop: float, moves: int = 12) -> None:
        """Drag in the chart, between two places from 0, its left edge, to 1."""
        box = self.page.locator("#chart .u-over").bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + start * box["width"], y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + stop * box["width"], y, steps=moves)
        self.page.mouse.up()
