"""The page of ``freerun explore``: by hand, by keyboard, in either light, on a small screen."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route

import freerun as fr
from tests.browser.explore_page import Opened, chromium, serving
from tests.explore.examples import forecasts, texts

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHARED = ["origin", "horizon", "share"]
FORECAST = [*SHARED, "paths", "coverage", "spread", "series", "output", "again"]
TEXT = [*SHARED, "temperature", "top_k", "again"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    with serving(forecasts()) as forecast, serving(texts()) as text:
        yield {"forecast": forecast, "text": text}


@pytest.fixture
def forecast(browser: Browser, addresses: dict[str, str]) -> Iterator[Opened]:
    opened = Opened(browser, addresses["forecast"])
    yield opened
    opened.page.close()


@pytest.fixture
def text(browser: Browser, addresses: dict[str, str]) -> Iterator[Opened]:
    opened = Opened(browser, addresses["text"])
    yield opened
    opened.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("task", ["forecast", "text"])
@pytest.mark.parametrize("width", [1100, 375])
def test_it_is_accessible_and_complains_of_nothing(
    browser: Browser, addresses: dict[str, str], task: str, scheme: str, width: int
) -> None:
    opened = Opened(browser, addresses[task], (width, 900), scheme)
    page = opened.page
    opened.wait_until("document.getElementById('summary').textContent !== ''")
    found = Axe().run(page, options={"runOnly": WCAG})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert opened.complaints == []
    assert all(url.startswith((addresses[task], "data:")) for url in opened.asked)
    page.close()


def test_dragging_moves_the_leaving_point(forecast: Opened) -> None:
    before, origin = forecast.picture, forecast.origin
    forecast.drag(0.5, 0.3)
    forecast.wait_for_another(before)
    assert forecast.origin < origin
    assert forecast.page.input_value("#origin") == str(forecast.origin)
    left = forecast.origin
    forecast.drag(0.3, 0.6)
    forecast.wait_until(f"+document.getElementById('origin').value > {left}")
    moved = forecast.origin
    forecast.page.hover("#chart", position={"x": 200, "y": 100})  # the button is up
    assert forecast.origin == moved
    assert forecast.complaints == []


def test_dragging_never_waits_for_what_is_past(forecast: Opened) -> None:
    """While one answer is awaited nothing else is asked; then the newest alone."""
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    def asked() -> int:
        return sum("answer?" in url for url in forecast.asked)

    forecast.page.route("**/answer?*", hold_the_first)
    before = asked()
    forecast.drag(0.3, 0.6, moves=40)
    assert asked() - before == 1
    newest = f"origin={forecast.page.input_value('#origin')}&"
    with forecast.page.expect_response(lambda reply: newest in reply.url):
        held[0].continue_()
    assert asked() - before == 2
    assert newest not in held[0].request.url


@pytest.mark.parametrize("name", FORECAST)
def test_every_control_of_a_forecast_changes_what_is_drawn(forecast: Opened, name: str) -> None:
    change(forecast, name)
    assert forecast.complaints == []


@pytest.mark.parametrize("name", TEXT)
def test_every_control_of_a_text_changes_what_is_drawn(text: Opened, name: str) -> None:
    letters = text.page.inner_text("#letters")
    change(text, name)
    assert text.page.inner_text("#letters") != letters
    assert text.complaints == []


def change(opened: Opened, name: str) -> None:
    """Change one control by the keyboard, and wait until something else is drawn."""
    before = opened.picture
    opened.page.focus(f"#{name}")
    # Of classes that are left out in drawing, two of five are more than one.
    keys = {"again": ["Enter"], "top_k": ["ArrowRight"], "temperature": ["ArrowLeft"] * 8}
    for key in keys.get(name, ["ArrowDown" if name in ("series", "output") else "ArrowLeft"] * 3):
        opened.page.keyboard.press(key)
    opened.wait_for_another(before)


@pytest.mark.parametrize(
    ("keys", "by"),
    [
        ("ArrowRight", 1),
        ("ArrowLeft", -1),
        ("ArrowUp", 1),
        ("Shift+ArrowRight", 10),
        ("Shift+ArrowLeft", -10),
        ("PageUp", 60),
        ("PageDown", -60),
    ],
)
def test_keys_on_the_chart(forecast: Opened, keys: str, by: int) -> None:
    origin, before = forecast.origin, forecast.picture
    forecast.page.focus("#chart")
    forecast.page.keyboard.press(keys)
    assert forecast.origin == origin + by
    forecast.wait_for_another(before)
    value = forecast.page.get_attribute("#chart", "aria-valuetext") or ""
    assert value.startswith(f"step {origin + by} of 700")


def test_either_end(forecast: Opened) -> None:
    forecast.page.focus("#chart")
    for key, end in (("Home", 1), ("End", 699), ("ArrowRight", 699)):
        forecast.page.keyboard.press(key)
        assert forecast.origin == end
    forecast.wait_until("/1 steps/.test(document.getElementById('caption').textContent)")
    assert forecast.complaints == []


@pytest.mark.parametrize("task", ["forecast", "text"])
def test_tab_reaches_everything(browser: Browser, addresses: dict[str, str], task: str) -> None:
    opened = Opened(browser, addresses[task])
    reached = []
    for _ in range(12):
        opened.page.keyboard.press("Tab")
        reached.append(opened.page.evaluate("document.activeElement.id"))
    there = FORECAST if task == "forecast" else TEXT
    assert list(dict.fromkeys(filter(None, reached))) == ["chart", *there]
    opened.page.close()


def test_the_errors_are_said_once_it_is_quiet(forecast: Opened) -> None:
    page = forecast.page
    forecast.wait_until("document.getElementById('summary').textContent !== ''")
    said = page.inner_text("#summary")
    assert re.match(
        r"Over the 60 steps after step \d+, one step ahead it is [\d.]+ off; running free [\d.]+, "
        r"[\d.]+ times as much; mixed with w = 0.5, [\d.]+\. ",
        said,
    )
    assert re.search(r"The band, made for 90 %, holds \d+ of 60 true values\.$", said)
    assert page.get_attribute("#summary", "aria-live") == "polite"
    page.focus("#chart")
    page.keyboard.press("Home")
    forecast.wait_until(
        "/It was trained on steps up to 466/.test(document.getElementById('summary').textContent)"
    )
    rows = page.locator("#errors tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == [
        "One step ahead, fed the truth",
        "Running free",
        "Mixed, w = 0.5",
        "Trivial: last value",
        "Trivial: mean",
    ]
    assert re.fullmatch(r"Answered in \d+ ms\.", page.inner_text("#spent"))


def test_surprise_is_underlined(text: Opened) -> None:
    for name in ("truth", "free", "mixed"):
        letters = text.page.locator(f"[data-text={name}]")
        assert letters.locator(".before").count() == 1
        written = letters.inner_text()
        assert len(written) == 60 + 120
        assert set(written) <= set("abcde")
    lines = text.page.locator("[data-text=truth] .some").first
    assert "underline" in lines.evaluate("one => getComputedStyle(one).textDecorationLine")


def test_a_head_without_a_spread_says_so(browser: Browser) -> None:
    subject = forecasts(outputs=1)
    net = fr.RecurrentNetwork(0, 4, fr.heads.Point(1), recurrence="output")
    with serving(replace(subject, net=net)) as url:
        opened = Opened(browser, url)
        page = opened.page
        assert page.inner_text("#without-samples").startswith("No band: a Point head has no spread")
        hidden = ["paths", "coverage", "spread", "output", "again", "temperature"]
        assert [name for name in hidden if page.is_visible(f"#{name}")] == []
        assert opened.complaints == []
        page.close()


def test_what_is_refused_and_a_command_that_ended_are_said(browser: Browser) -> None:
    with serving(forecasts()) as url:
        opened = Opened(browser, url)
        page = opened.page
        page.evaluate("document.getElementById('horizon').max = 1000")
        page.fill("#horizon", "900")
        opened.wait_until("document.getElementById('problem').textContent !== ''")
        assert page.inner_text("#problem").startswith(
            "explore: horizon must be a whole number from 1 to 300, got 900."
        )
        page.fill("#horizon", "30")
        opened.wait_until("document.getElementById('problem').textContent === ''")
    page.fill("#horizon", "20")
    opened.wait_until("/must be running/.test(document.getElementById('problem').textContent)")
    page.close()
