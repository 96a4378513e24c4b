"""The sections of a report, in the order in which one asks."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from freerun.report import figures
from freerun.report.contents import Contents
from freerun.report.figures import Figure
from freerun.report.page.classes import confusion
from freerun.report.page.drawing import figure
from freerun.report.page.markup import paragraph, table, text
from freerun.report.page.words import about, headline
from freerun.report.page.writing import samples, surprise
from freerun.report.pictures import Pictures
from freerun.report.subject import Subject

__all__ = ["Section", "sections"]


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        name: Its id.
        title: Its heading.
        body: Its HTML, above its figures.
        figures: What is drawn in it.
    """

    name: str
    title: str
    body: str
    figures: tuple[Figure, ...] = ()

    def to_html(self) -> str:
        """The section with its heading."""
        drawn = "".join(figure(one) for one in self.figures)
        return (
            f'<section id="{self.name}" aria-labelledby="{self.name}-title">'
            f'<h2 id="{self.name}-title">{text(self.title)}</h2>{self.body}{drawn}</section>\n'
        )


def sections(subject: Subject, contents: Contents) -> list[Section]:
    """All that there is something to say in."""
    return list(_sections(subject, contents))


def _sections(subject: Subject, contents: Contents) -> Iterator[Section]:
    yield Section("summary", "In short", headline(subject, contents))
    yield Section("about", "What was trained on what", about(subject))
    yield from _forecast(contents)
    if contents.confusion is not None:
        yield Section("confusion", "Which is taken for which", confusion(contents.confusion))
    if contents.reliability is not None:
        drawn = figures.reliability_figure(contents.reliability)
        yield Section("probabilities", "Calibration", _reliability(contents), (drawn,))
    if contents.samples is not None:
        yield Section("samples", "What it writes", samples(contents.samples))
    if contents.surprise is not None:
        body = surprise(contents.surprise, subject.unit)
        yield Section("surprise", "What surprises it", body)
    if contents.residuals is not None:
        what = (
            "one step ahead, fed the truth" if subject.net.has_output_edge else "on whole sequences"
        )
        if contents.errors is not None:
            what += f", in {contents.errors.unit}"
        drawn_residuals = figures.residual_figures(contents.residuals, what)
        yield Section("leftover", "Residuals", "", tuple(drawn_residuals))
    if contents.worst is not None and contents.worst.rows:
        worst = table("The worst first", contents.worst.columns, contents.worst.rows)
        yield Section("worst", "Where it does worst", worst)
    yield _training(subject)
    if contents.gradients is not None:
        flow = figures.gradient_figure(contents.gradients)
        yield Section("flow", "Gradient flow", "", (flow,))
    if contents.pictures is not None:
        yield Section("graph", "The network, unfolded", _graph(subject, contents.pictures))


def _forecast(contents: Contents) -> Iterator[Section]:
    if contents.stretches:
        yield Section("running", "Paths", "", (figures.path_figure(contents.stretches),))
    if contents.errors is not None:
        errors = contents.errors
        ahead = [n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500) if n < len(errors.steps)]
        ahead.append(len(errors.steps))
        rows = [
            [n, errors.forced[n - 1], errors.free[n - 1], errors.ratio[n - 1],
             *(values[n - 1] for values in errors.trivial.values())]
            for n in ahead
        ]  # fmt: skip
        columns = ["steps ahead", "teacher forced", "free running", "ratio", *errors.trivial]
        body = table(f"Root mean squared error, in {errors.unit}", columns, rows)
        if errors.by_output:
            each = [[name, one, free, free / one if one else None]
                    for name, (one, free) in errors.by_output.items()]  # fmt: skip
            columns = ["output", "teacher forced", "free running", "ratio"]
            body += table(f"Of each output, over {len(errors.steps)} steps", columns, each)
        yield Section("ahead", "Error by step ahead", body, tuple(figures.error_figures(errors)))
    if contents.intervals is not None:
        drawn = figures.calibration_figures(contents.intervals)
        yield Section("intervals", "Calibration", "", tuple(drawn))


def _reliability(contents: Contents) -> str:
    found = contents.reliability
    assert found is not None
    rows = [
        [f"{10 * n} to {10 * n + 10} %", said, right, count]
        for n, (said, right, count) in enumerate(
            zip(found.said, found.right, found.counts, strict=True)
        )
        if count
    ]
    columns = ["it said", "on average", "were right", "answers"]
    return table("How probable the likeliest class was said to be", columns, rows)


def _training(subject: Subject) -> Section:
    drawn = tuple(figures.curve_figures(subject.history))
    body = ""
    if not subject.history:
        body = paragraph("It was begun from the best linear forecast, and not trained further.")
        if subject.settings.get("start") != "linear":
            body = paragraph("No epoch was kept.")
    elif not drawn:
        body = paragraph("One epoch makes no curve.")
    return Section("training", "Training", body, drawn)


def _graph(subject: Subject, pictures: Pictures) -> str:
    light, dark = (
        "data:image/svg+xml;base64," + base64.b64encode(one.encode()).decode()
        for one in (pictures.light, pictures.dark)
    )
    net = subject.net
    edges = {
        "hidden": "hidden states recur",
        "output": "outputs are fed back",
        "both": "hidden states recur and outputs are fed back",
    }[net.recurrence]
    answer = (
        "an output at every step" if net.readout == "every" else "one output, after the last step"
    )
    alternative = f"A {net.cell} network: {edges}; {answer}."
    return (
        f"{paragraph(alternative)}<div class='scroll' tabindex='0' role='region' "
        f"aria-label='The graph'><picture><source srcset=\"{dark}\" "
        f'media="(prefers-color-scheme: dark)"><img src="{light}" alt="{text(alternative)}">'
        "</picture></div>"
    )
