"""``freerun data``: the sets that ship."""

from freerun.cli import options
from freerun.cli.output import print_json
from freerun.cli.recipes import RECIPES

__all__ = ["data"]


def data(json: options.Json = False) -> None:
    """List the built-in data sets, and the tasks that each is for."""
    from dataclasses import asdict

    from freerun.data import datasets

    described = [datasets.describe(name) for name in datasets.names()]
    tasks = {
        name: [task for task, recipe in RECIPES.items() if name in recipe.sets]
        for name in datasets.names()
    }
    if json:
        print_json({"sets": [{**asdict(one), "tasks": tasks[one.name]} for one in described]})
        return
    for one in described:
        rows = [("train", ", ".join(tasks[one.name])), ("size", one.size), ("predict", one.task)]
        print(f"{one.name}: {one.title}")
        for label, text in [*rows, ("licence", one.licence), ("source", one.source)]:
            print(f"  {label:<8} {text}")
