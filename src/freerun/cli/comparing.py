"""What `freerun compare` does: policies and data in, a comparison out, printed and kept."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import freerun as fr
from freerun._checks import FreerunError, fail
from freerun._files import new_directory, write_whole
from freerun.cli.learnable import check_learnable
from freerun.cli.output import plain, print_table
from freerun.cli.settling import settled
from freerun.cli.sources import Source
from freerun.cli.wording import as_options
from freerun.comparison import table
from freerun.comparison.naming import name_of
from freerun.comparison.picture import save_pictures
from freerun.forcing import read_forcing, spell_forcing
from freerun.plan import Forcing
from freerun.recipes import building, training
from freerun.recipes.policies import is_open
from freerun.recipes.recipe import Recipe
from freerun.recipes.settling import settle

__all__ = [
    "FILES",
    "about",
    "compare",
    "keeping",
    "print_comparison",
    "read_forcings",
    "settle_for",
]

FILES = ("figures.json", "picture.png", "picture.svg", "table.csv", "table.md", "table.tex")
"""What is kept of a comparison."""

Keep = Callable[[fr.Comparison, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Network:
    """The network of a recipe, with the first weights of a seed."""

    recipe: Recipe
    data: fr.Sequences

    def __call__(self, seed: int) -> fr.RecurrentNetwork:
        """Build it, and give it its weights."""
        net = building.build(self.recipe, self.data, seed)
        training.begin(net, self.recipe, self.data, seed)
        return net


def read_forcings(texts: Sequence[str]) -> dict[str, Forcing]:
    """The policies of several ``--forcing``, by their names.

    Raises:
        ArgumentError: One is none, or two are the same.
    """
    found: dict[str, Forcing] = {}
    for text in texts:
        if is_open(text):
            fix = "Use --forcing TeacherForcing --forcing NoisyTeacherForcing, say."
            fail("freerun", "--forcing must be a policy to compare", repr(text), fix)
        policy = read_forcing(text, "--forcing")
        name = name_of(policy)
        if name in found:
            fix = "Leave one out, or give it another argument."
            fail("freerun", "--forcing must name each policy once", f"{name} twice", fix)
        found[name] = policy
    return found


def settle_for(
    recipe: Recipe, source: Source, policies: Mapping[str, Forcing]
) -> tuple[Recipe, Source]:
    """The recipe with nothing left open, for every policy the same, and the source in its units.

    Raises:
        ArgumentError: The recipe or a policy does not go with the data.
        DataError: The data cannot be used as they are.
    """
    if source.table is not None:
        check_learnable(source.name, source.table, source.train)
    # What one of them refuses is refused before any is tried.
    each = [
        settled(replace(recipe, forcing=spell_forcing(policy)), source, 0)
        for policy in policies.values()
    ]
    source = source.leveled(each[0].scale)
    chosen = settle(each[0], source.train)
    if recipe.output_lags is None:
        # Begun at random, a network is no better for lags that reach further than it runs.
        assert chosen.output_lags is not None
        assert chosen.horizon is not None
        lags = min(chosen.output_lags, chosen.horizon)
        chosen = settle(replace(each[0], output_lags=lags), source.train)
    return chosen, source


def compare(
    recipe: Recipe,
    source: Source,
    policies: Mapping[str, Forcing],
    seeds: int,
    workers: int,
    quiet: bool,
) -> fr.Comparison:
    """Train the network of a settled recipe by each policy; measure it on the part held back."""
    network = Network(recipe, source.train)
    assert recipe.epochs is not None
    try:
        found = fr.compare(
            network,
            training.windows(recipe, source.train, network(0).context),
            source.test,
            policies,
            epochs=recipe.epochs,
            seeds=seeds,
            horizon=recipe.horizon,
            batch_size=recipe.batch_size,
            optimizer=fr.Optimizer(lr=recipe.lr),
            workers=workers,
            progress=not quiet,
        )
    except FreerunError as error:
        raise type(error)(as_options(str(error))) from error
    many = len(source.whole) > 1
    return replace(found, unit="standard deviations of each series") if many else found


def about(
    recipe: Recipe, source: Source, policies: Mapping[str, Forcing], found: fr.Comparison
) -> dict[str, Any]:
    """All there is to say of a comparison, for JSON."""
    kept = recipe.to_dict()
    del kept["forcing"]  # that is what differs
    spelled = {name: spell_forcing(policy) for name, policy in policies.items()}
    return {
        "task": "compare",
        "data": source.name,
        "recipe": kept,
        "forcings": spelled,
        **found.to_dict(),
    }


@contextmanager
def keeping(out: Path | None, overwrite: bool) -> Iterator[Keep]:
    """Make room for what shall be kept before the work begins; it is there whole or not at all.

    Raises:
        RunError: The place cannot be written to.
    """
    if out is None:
        yield lambda found, result: None
        return
    with new_directory(out, replace=overwrite) as aside:

        def keep(found: fr.Comparison, result: Mapping[str, Any]) -> None:
            text = json.dumps(plain(result), indent=2, allow_nan=False)
            write_whole(aside / "figures.json", text + "\n")
            write_whole(aside / "table.md", found.table() + "\n")
            write_whole(aside / "table.csv", table.delimited(found))
            write_whole(aside / "table.tex", table.latex(found))
            save_pictures(found, aside)

        yield keep


def print_comparison(data: str, found: fr.Comparison) -> None:
    """Print the errors, then how they compare, what they cost, and what can be said of it."""
    heading, rows = table.columns(found), table.rows(found)
    cut = heading.index("ratio")
    unit = f", in {found.unit}" if found.unit else ""
    count = len(found.seeds)
    over = f"mean ± s.d. of {count} seeds" if count > 1 else "one seed"
    print(f"{data}, held-back part: root mean squared error{unit}, {over}")
    print("One step ahead fed the truth; further ahead running free on its own outputs")
    print_table("", heading[:cut], [row[:cut] for row in rows])
    own = [[row[0], *row[cut:]] for row in rows[: len(found.rows)]]
    many = len(found.rows) > 1
    print("Errors running free beside each other, and what it took" if many else "What it took")
    print_table("", ["forcing", *heading[cut:]], own)
    for sentence in table.sentences(found):
        print(sentence)
