"""A browser, and the pages that are looked at in it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freerun.report import render
from tests.report import examples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium brings it")
    api = pytest.importorskip("playwright.sync_api", reason="pip install -e '.[dev]' brings it")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of every task."""
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for task in examples.SUBJECTS:
        found[task] = folder / f"{task}.html"
        found[task].write_text(render(*examples.measured(task)), encoding="utf-8")
    return found


@pytest.fixture
def opened(browser: "Browser", files: dict[str, Path]) -> Iterator[Callable[..., "Page"]]:
    """Open the report of a task; what goes wrong in it, or asks for the network, fails the test."""
    contexts = []
    wrong: list[str] = []

    def open_report(task: str, width: int = 1000, scheme: str = "light") -> "Page":
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        address = files[task].as_uri()

        def asked(request: "Request") -> None:
            if not request.url.startswith((address, "data:")):
                wrong.append(request.url)

        page.on("console", lambda one: wrong.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", asked)
        page.goto(address)
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert wrong == []
