"""Reports as people meet them: drawn, in reach of a keyboard, in light and dark, on a phone."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.report import examples

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Opened = Callable[..., "Page"]

TASKS = sorted(examples.SUBJECTS)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.mark.parametrize("task", TASKS)
def test_every_figure_is_drawn(opened: Opened, task: str) -> None:
    page = opened(task)
    figures = page.locator("figure").all()
    assert figures
    for figure in figures:
        assert figure.locator(".plot .trace path").count() > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("task", TASKS)
def test_axe_finds_nothing_against_the_guidelines(opened: Opened, task: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(task, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = axe.Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("task", TASKS)
def test_a_phone_scrolls_down_only(opened: Opened, task: str) -> None:
    page = opened(task, width=375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    for plot in page.locator(".plot").all():
        box = plot.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375


def test_light_and_dark_are_the_readers_choice(opened: Opened) -> None:
    looks = {}
    for scheme in ("light", "dark"):
        page = opened("forecast", scheme=scheme)
        looks[scheme] = _look(page)
    assert looks["light"] != looks["dark"]
    page = opened("forecast", scheme="light")
    page.emulate_media(color_scheme="dark")  # while it is being read
    page.wait_for_timeout(300)
    assert _look(page) == looks["dark"]


def _look(page: "Page") -> list[Any]:
    found: list[Any] = page.evaluate(
        """() => [
            getComputedStyle(document.body).backgroundColor,
            document.querySelector("#errors .xtick text").style.fill,
            document.querySelector("#errors .trace path.js-line").style.stroke,
        ]"""
    )
    return found


def test_a_line_is_hidden_and_shown_by_its_box(opened: Opened) -> None:
    page = opened("forecast")
    errors = page.locator("#errors")
    lines = errors.locator(".trace path.js-line")
    before = lines.count()
    box = errors.get_by_label("teacher forced")
    box.focus()
    page.keyboard.press("Space")
    assert lines.count() == before - 1
    page.keyboard.press("Space")
    assert lines.count() == before


def test_another_stretch_is_drawn_and_told(opened: Opened) -> None:
    page = opened("forecast")
    paths = page.locator("#paths")
    drawn, told = _drawn(page), paths.locator("tbody").inner_text
    before = told()
    page.locator("#paths-choice").focus()
    page.keyboard.press("ArrowDown")
    assert _drawn(page) != drawn
    paths.locator("summary").click()
    assert told() != before


def _drawn(page: "Page") -> str:
    found: str = page.evaluate("document.querySelector('#paths .trace path.js-line').outerHTML")
    return found


def test_zooming_changes_the_axis_and_all_is_shown_again(opened: Opened) -> None:
    page = opened("forecast")
    errors = page.locator("#errors")

    def span() -> float:
        found: float = page.evaluate(
            "(([a, b]) => b - a)(document.querySelector('#errors .plot')._fullLayout.xaxis.range)"
        )
        return found

    whole = span()
    errors.get_by_role("button", name="Zoom in").click()
    assert span() == pytest.approx(whole / 2)
    errors.get_by_role("button", name="Zoom out").click()
    assert span() == pytest.approx(whole)
    errors.get_by_role("button", name="Zoom in").click()
    errors.get_by_role("button", name="Show all").click()
    assert span() == pytest.approx(whole)


def test_arrow_keys_read_a_figure(opened: Opened) -> None:
    page = opened("forecast")
    _, found = examples.measured("forecast")
    assert found.errors is not None
    errors = page.locator("#errors")
    errors.locator(".plot").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    said = errors.locator(".reading").inner_text()
    assert said.startswith("steps ahead 7: ")
    assert f"free running {found.errors.free[6]:.4g}" in said
    page.keyboard.press("Home")
    assert errors.locator(".reading").inner_text().startswith("steps ahead 1: ")


def test_arrow_keys_read_the_surprise_of_each_character(opened: Opened) -> None:
    page = opened("text")
    _, found = examples.measured("text")
    assert found.surprise is not None
    page.locator("#surprise-text").focus()
    for number in range(2):
        page.keyboard.press("ArrowRight")
        bits = found.surprise.units[number].bits
        assert f"{bits:.2f} bits" in page.locator("#surprise-reading").inner_text()
    assert page.locator("#surprise-text .now").count() == 1


@pytest.mark.parametrize("task", TASKS)
def test_the_tab_key_reaches_everything_and_never_stays(opened: Opened, task: str) -> None:
    page = opened(task)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll(
            "a[href], button, select, input, summary, [tabindex='0']"
        )].filter((one) => one.checkVisibility()).map((one, at) => (one.dataset.at = at)).length"""
    )
    seen = []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.dataset.at"))
    assert seen == [str(number) for number in range(wanted)]  # all, in the order of the page


def test_names_that_would_be_markup_are_read_as_they_are(opened: Opened) -> None:
    page = opened("forecast")
    page.evaluate(
        """() => {
            const plot = document.querySelector("#paths .plot");
            if (!plot._fullLayout.yaxis.title.text.includes("units")) throw Error("no name");
        }"""
    )
