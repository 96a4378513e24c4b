"""The page: whole in itself, nothing of data is markup, and what is drawn is there as a table."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from freerun.report import gather, render
from freerun.report.page.markup import table
from tests.report import examples

LOADED = {"src", "href", "srcset", "data", "action", "poster", "background"}
MOST = 5_000_000


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text of each script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.words.append(data)

    def figures(self) -> Any:
        return json.loads(self.scripts[0])


@pytest.fixture(params=sorted(examples.SUBJECTS))
def page(request: pytest.FixtureRequest) -> str:
    return render(*examples.measured(request.param))


def test_a_page_is_small_and_loads_nothing(page: str) -> None:
    assert len(page.encode()) < MOST
    for tag, attributes in Elements(page).found:
        for name in LOADED & attributes.keys():
            value = attributes[name] or ""
            assert value.startswith(("#", "data:")), f"{tag} loads {value[:80]}"
        assert "url(" not in (attributes.get("style") or "")
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert not any("url(" in one or "@import" in one for one in style)
    assert "default-src 'none'" in page


def test_the_same_numbers_give_the_same_bytes() -> None:
    for task in examples.SUBJECTS:
        first, again = (
            render(subject, gather(subject, examples.EFFORT))
            for subject in (examples.SUBJECTS[task](), examples.SUBJECTS[task]())
        )
        assert first == again, task


def test_names_from_data_are_never_markup() -> None:
    name = examples.MARKUP
    subjects = [
        examples.replace(
            examples.forecast(), name=name, source=name, keys=(name, name), outputs=(name,),
            inputs=(name,), settings={name: name},
        ),
        examples.replace(examples.classify(classes=(name, name + "2")), keys=(name,) * 6),
        examples.text("<>&/\"'"),
    ]  # fmt: skip
    for subject in subjects:
        found = Elements(render(subject, gather(subject, examples.EFFORT)))
        assert not [tag for tag, given in found.found if tag == "img" and given.get("src") == "x"]
        assert len(found.scripts) == 3  # the numbers, Plotly, and what draws with it
        found.figures()  # which no name has ended
        if subject.task != "text":
            assert any(name in one for one in found.words)


def test_every_figure_is_there_as_a_table_too(page: str) -> None:
    found = Elements(page)
    figures = found.figures()
    assert figures
    ids = {given["id"] for tag, given in found.found if tag == "figure"}
    assert ids == set(figures)
    bodies = dict(re.findall(r'<figure id="([\w-]+)".*?(<tbody>.*?)</figure>', page, re.DOTALL))
    for name, figure in figures.items():
        traces = figure["views"][0]["traces"]
        rows = {x for trace in traces for x in map(str, trace["x"])}
        assert bodies[name].count("<tr>") == len(rows), name


def test_ids_are_unique_and_links_go_somewhere(page: str) -> None:
    found = Elements(page).found
    ids = [given["id"] for _, given in found if "id" in given]
    assert len(ids) == len(set(ids))
    for _, given in found:
        target = given.get("href") or ""
        assert not target.startswith("#") or target[1:] in ids


def test_sections_are_those_of_the_task() -> None:
    titles = {}
    for task in examples.SUBJECTS:
        page = render(*examples.measured(task))
        titles[task] = re.findall(r'<section id="(\w+)"', page)
    first, training = ["summary", "about"], ["worst", "training", "flow"]
    assert titles["forecast"][: len(first) + 4] == [
        *first,
        "running",
        "ahead",
        "intervals",
        "leftover",
    ]
    for task, own in (
        ("classify", ["confusion", "probabilities"]),
        ("label", ["confusion", "probabilities"]),
        ("regress", ["leftover"]),
        ("text", ["samples", "surprise"]),
    ):
        assert [one for one in titles[task] if one != "graph"] == [*first, *own, *training]


def test_the_headline_has_the_figures_of_evaluate() -> None:
    subject, found = examples.measured("forecast")
    assert found.errors is not None
    page = render(subject, found)
    for value in (found.errors.overall_forced, found.errors.overall):
        assert f"<dd>{value:.4g}</dd>" in page
    assert "<dd>50.0%</dd>" in render(*examples.measured("classify"))


def test_lines_are_told_apart_without_colour() -> None:
    figures = Elements(render(*examples.measured("forecast"))).figures()
    for name, figure in figures.items():
        for view in figure["views"]:
            looks = [
                (one["line"]["dash"], one["line"]["width"], one.get("marker", {}).get("symbol"))
                for one in view["traces"]
                if one["type"] == "scatter" and "fill" not in one and "legendgroup" not in one
            ]
            assert len(looks) == len(set(looks)), name


def test_a_table_says_a_dash_where_there_is_no_number() -> None:
    made = table("Errors", ["step", "error"], [[1, 0.25], [2, None]])
    assert '<td class="number">0.25</td>' in made
    assert '<td class="number">-</td>' in made
