"""Files for the tests of bad input: a few good ones, and one for each way to be wrong."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from freerun.cli import main

__all__ = ["RUNS", "SMALL", "cases", "make_runs", "sales", "write_files"]

SMALL = ["--hidden-size", "4", "--epochs", "2", "--quiet"]

SALES = ("day", "shop", "units", "price", "kind")
CASES = ("case", "step", "a", "b", "kind")

Change = Callable[[int, list[object]], list[object] | None]


def table(header: tuple[str, ...], rows: list[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([list(header), *rows])
    return text.getvalue()


def sales(
    days: int = 40, shops: str = "ab", start: str = "2024-01-01", change: Change | None = None
) -> str:
    """Units sold in some shops, day by day, beside what is known ahead: a price and a kind."""
    rows: list[list[object]] = []
    for shop in shops:
        for day in range(days):
            units = round(10 + 3 * np.sin(day / 2) + day % 3, 2)
            row = [str(np.datetime64(start) + day), shop, units, 8 + day % 4, "xy"[day % 2]]
            changed = change(day, row) if change else row
            rows += [] if changed is None else [changed]
    return table(SALES, rows)


def ahead(days: int = 5, shops: str = "ab", start: str = "2024-02-10", **how: Any) -> str:
    """The same without what is to be forecast."""
    rows = list(csv.reader(io.StringIO(sales(days, shops, start, **how))))
    return "".join(",".join([day, shop, *rest]) + "\n" for day, shop, _, *rest in rows)


def cases(count: int = 12, steps: int = 6, last: str = "kind", change: Change | None = None) -> str:
    """Short series, each of kind u or v."""
    rows: list[list[object]] = []
    for case in range(count):
        for step in range(steps):
            row: list[object] = [f"c{case:02d}", step, round(float(np.sin(case + step)), 3)]
            row += [case * step % 5, "uv"[case % 2]]
            changed = change(case, row) if change else row
            rows += [] if changed is None else [changed]
    return table((*CASES[:-1], last), rows)


def put(column: int, value: object, at: int | None = None) -> Change:
    """Another value in a column, in the rows of one number or in all."""

    def change(number: int, row: list[object]) -> list[object]:
        return row if at not in (None, number) else [*row[:column], value, *row[column + 1 :]]

    return change


def ts(*more: str, label: str = "@classLabel true u v") -> str:
    good = [f"{n},2,{n % 3}:4,{n},6:{'uv'[n % 2]}" for n in range(12)]
    return "\n".join([label, "@data", *good, *more]) + "\n"


X = np.random.default_rng(0).normal(size=(12, 6, 2))
KINDS = np.arange(12) % 2
ZIGZAG = np.arange(60.0) % 7

TEXTS: dict[str, str | bytes] = {
    "sales.csv": sales(),
    "later.csv": sales(20, start="2024-02-10"),
    "ahead.csv": ahead(),
    "cases.csv": cases(),
    "numbers.csv": cases(last="yield", change=lambda n, row: [*row[:4], n / 2]),
    "labels.csv": cases(change=lambda n, row: [*row[:4], "uv"[int(str(row[1])) % 2]]),
    "book.txt": "the cat sat on the mat and then the cat sat again. " * 30,
    "cases.ts": ts(),
    # No table
    "empty.csv": "",
    "header.csv": ",".join(SALES) + "\n",
    "semicolon.csv": sales().replace(",", ";"),
    "binary.csv": bytes(range(256)) * 20,
    "latin.csv": sales().replace("shop", "sh\xf6p").encode("latin-1"),
    "late.csv": (sales(4000, "a") + "\xe9,\xe9,1,2,x\n").encode("latin-1"),
    "wide_row.csv": sales() + "2024-05-01,a,3,4,x,y\n",
    "twice.csv": sales().replace("kind", "price", 1),
    "broken.parquet": b"PAR1 and so on",
    # Values
    "word.csv": sales(change=put(2, "many", 7)),
    "word_input.csv": sales(change=put(3, "dear", 7)),
    "comma_input.csv": sales(change=put(3, "8,5", 7)),
    "gap.csv": sales(change=put(2, "", 7)),
    "nan.csv": sales(change=put(2, "nan", 7)),
    "gap_input.csv": sales(change=put(3, "", 7)),
    "infinite.csv": sales(change=put(2, "inf", 7)),
    "infinite_input.csv": sales(change=put(3, "-inf", 7)),
    "huge.csv": sales(change=put(2, "1e300", 7)),
    "nothing.csv": sales(change=put(2, "")),
    "constant.csv": sales(change=put(2, "5")),
    "constant_input.csv": sales(change=put(3, "5")),
    "constant_kind.csv": sales(change=put(4, "x")),
    "new_kind.csv": sales(change=put(4, "z", 5)),
    # Rows
    "one_row.csv": sales(1, "a"),
    "few_rows.csv": sales(9, "a"),
    "two_rows.csv": sales(2, "a"),
    "no_time.csv": sales(change=put(0, "", 7)),
    "missing_day.csv": sales(change=lambda day, row: None if day == 5 else row),
    "double.csv": sales(40, "a") + sales(40, "a").split("\n", 1)[1],
    "irregular.csv": sales(change=lambda day, row: [f"{row[0]} {6 * (day == 5):02d}:00", *row[1:]]),
    "yearly.csv": sales(change=lambda day, row: [f"{2000 + day}-01-01", *row[1:]]),
    "numbered.csv": sales(change=lambda day, row: [day, *row[1:]]),
    # Columns, where others were trained on
    "no_shop.csv": sales(shops="a").replace("shop", "store", 1),
    "no_units.csv": sales().replace("units", "sold", 1),
    "no_price.csv": sales().replace("price", "prize", 1),
    # Classes
    "one_class.csv": cases(change=put(4, "u")),
    "one_case.csv": cases(1),
    "two_in_a_case.csv": cases(change=lambda n, row: [*row[:4], "uv"[int(str(row[1])) % 2]]),
    "no_class.csv": cases(change=put(4, "", 3)),
    "half.csv": cases(last="yield", change=lambda n, row: [*row[:4], n / 2]),
    "constant_yield.csv": cases(last="yield", change=put(4, "3")),
    "infinite_yield.csv": cases(
        last="yield", change=lambda n, row: [*row[:4], "inf" if n == 3 else n / 2]
    ),
    "constant_channel.csv": cases(change=put(3, "5")),
    "infinite_channel.csv": cases(change=put(3, "inf", 2)),
    "no_inputs.csv": "case,kind\n" + "".join(f"{n // 3},{'uv'[n // 3 % 2]}\n" for n in range(36)),
    "unseen.csv": cases(change=put(4, "w", 2)),
    "unseen_label.csv": cases(change=lambda n, row: [*row[:4], "uvw"[int(str(row[1])) % 3]]),
    "words_for_yield.csv": cases(last="yield"),
    # sktime's files
    "ragged.ts": ts("1,2,3:4,5:u"),
    "channels.ts": ts("1,2,3:u"),
    "class.ts": ts("1,2,3:4,5,6:w"),
    "missing.ts": ts("1,?,3:4,5,6:u"),
    "infinite.ts": ts("1,inf,3:4,5,6:u"),
    "unlabelled.ts": ts(label="@classLabel false"),
    "no_cases.ts": "@classLabel true u v\n@data\n",
    "one_channel.ts": "@classLabel true u v\n@data\n1,2:u\n3,4:v\n",
    # Text
    "empty.txt": "",
    "short.txt": "ab cd",
    "same.txt": "a" * 400,
    "latin.txt": "gr\xf6\xdfe ".encode("latin-1") * 50,
    "other.txt": "the dog \xdf" * 20,
    # Inputs of the steps to come
    "ahead_short.csv": ahead(2),
    "ahead_late.csv": ahead(start="2024-02-12"),
    "ahead_early.csv": ahead(start="2024-01-01"),
    "ahead_one_shop.csv": ahead(shops="a"),
    "ahead_no_price.csv": ahead().replace("price", "prize"),
    "ahead_no_day.csv": ahead().replace("day", "date"),
    "ahead_no_shop.csv": ahead().replace("shop", "store"),
    "ahead_gap.csv": ahead(change=put(3, "", 1)),
    "ahead_missing_day.csv": ahead(change=lambda day, row: None if day == 1 else row),
    "ahead_infinite.csv": ahead(change=put(3, "inf", 1)),
    "ahead_huge.csv": ahead(change=put(3, "1e300", 1)),
    "ahead_word.csv": ahead(change=put(3, "dear", 1)),
    "ahead_new_kind.csv": ahead(change=put(4, "z", 1)),
    "ahead_numbered.csv": ahead(change=lambda day, row: [day, *row[1:]]),
    # Arrays
    "junk.npz": b"nothing of NumPy's",
    # Settings
    "broken.toml": "hidden-size = ",
    "latin.toml": b"cell = '\xe9'",
    "unknown.toml": "hiden-size = 4",
    "other_task.toml": "window = 4",
    "number.toml": "hidden-size = -4",
    "word.toml": "hidden-size = 'big'",
    "truth.toml": "hidden-size = true",
    "list.toml": "hidden-size = [4]",
    "no_truth.toml": "residual = 'maybe'",
    "table.toml": "[network]\nhidden-size = 4",
    "twice.toml": "hidden-size = 4\nhidden_size = 5",
    "column.toml": "known = ['price', 'pric']",
    "numbers.toml": "known = [1, 2]",
}

ARRAYS: dict[str, dict[str, Any]] = {
    "cases.npz": {"x": X, "y": KINDS},
    "no_y.npz": {"x": X},
    "ragged.npz": {"x": X, "y": KINDS[:7]},
    "ragged_steps.npz": {"x": X[0], "y": ZIGZAG[:5]},
    "objects.npz": {"x": np.array([X[0, :3], X[1]], object), "y": KINDS[:2]},
    "lengths.npz": {"x": X, "y": KINDS, "lengths": np.full(12, 9)},
    "nan.npz": {"x": np.where(X > 2, np.nan, X), "y": KINDS},
    "infinite.npz": {"x": np.where(X > 2, np.inf, X), "y": KINDS},
    "one_class.npz": {"x": X, "y": 0 * KINDS},
    "constant.npz": {"x": 0 * X, "y": KINDS},
    "negative.npz": {"x": X, "y": KINDS - 1},
    "words.npz": {"x": X, "y": np.array(["u", "v"] * 6)},
    "axes.npz": {"x": X[None], "y": KINDS},
    "nothing.npz": {"x": X[:0], "y": KINDS[:0]},
    "no_channel.npz": {"x": X[:, :, :0], "y": KINDS},
    "one_channel.npz": {"x": X[:, :, :1], "y": KINDS},
    "unseen.npz": {"x": X, "y": np.arange(12) % 3},
    "numbers.npz": {"x": X, "y": KINDS / 2},
    "two_outputs.npz": {"y": np.stack([ZIGZAG, ZIGZAG], 1)},
    "nan_y.npz": {"y": np.where(ZIGZAG == 3, np.nan, ZIGZAG)},
    "constant_y.npz": {"y": np.ones(60)},
    "series.npz": {"y": ZIGZAG},
    "ahead_short.npz": {"x": np.ones((2, 2, 3))},
    "ahead_words.npz": {"x": np.full((2, 5, 3), "a")},
    "ahead_nan.npz": {"x": np.full((2, 5, 3), np.nan)},
    "ahead_channels.npz": {"x": np.ones((2, 5, 2))},
}


def write_files(folder: Path) -> None:
    """Write all files, and three directories."""
    for name, content in TEXTS.items():
        raw = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(raw)
    for name, arrays in ARRAYS.items():
        np.savez(folder / name, **arrays)
    (folder / "cut.npz").write_bytes((folder / "cases.npz").read_bytes()[:-40])
    (folder / "folder").mkdir()
    (folder / "folder.csv").mkdir()
    (folder / "is.svg").mkdir()
    (folder / "there.svg").write_text("<svg/>")
    for name in ("aged.csv", "gone.csv"):
        shutil.copy(folder / "cases.csv", folder / name)


RUNS = {
    "forecast": "forecast sales.csv --target units --known price,kind "
    "--output-lags 8 --window 16 --horizon 8",
    "plain": "forecast sales.csv --target units",
    "everything": "forecast sales.csv --target units --test 0",
    "classify": "classify cases.csv --target kind",
    "regress": "regress numbers.csv --target yield",
    "label": "label labels.csv --target kind",
    "text": "text book.txt",
    "arrays": "classify cases.npz",
    "series": "forecast series.npz",
    "cases": "classify cases.ts",
    "aged": "classify aged.csv --target kind",
    "gone": "classify gone.csv --target kind",
}


def make_runs(folder: Path) -> None:
    """Train a run of each kind, from within ``folder``; then break copies of one."""
    for name, command in RUNS.items():
        assert main(["train", *command.split(), "--out", name, *SMALL]) == 0
    (folder / "aged.csv").write_text(cases(14))
    (folder / "gone.csv").unlink()
    for name, file, content in BROKEN:
        shutil.copytree(folder / "forecast", folder / name)
        place = folder / name / file
        whole = place.read_bytes()
        place.unlink()
        if content is not None:
            place.write_bytes(content(whole))


def _config(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda raw: json.dumps(json.loads(raw) | changes).encode()


def _notes(**changes: Any) -> Callable[[bytes], bytes]:
    def changed(raw: bytes) -> bytes:
        config = json.loads(raw)
        config["notes"] |= changes
        return json.dumps(config).encode()

    return changed


CONFIG, WEIGHTS, ENDS = "config.json", "weights.safetensors", "ends.safetensors"

BROKEN: list[tuple[str, str, Callable[[bytes], bytes] | None]] = [
    ("no_config", CONFIG, None),
    ("no_weights", WEIGHTS, None),
    ("no_ends", ENDS, None),
    ("cut_weights", WEIGHTS, lambda raw: raw[:-30]),
    ("empty_weights", WEIGHTS, lambda _: b""),
    ("junk_weights", WEIGHTS, lambda _: bytes(range(256)) * 4),
    ("cut_ends", ENDS, lambda raw: raw[:-30]),
    ("junk_ends", ENDS, lambda _: b"nothing"),
    ("no_json", CONFIG, lambda _: b"{"),
    ("no_object", CONFIG, lambda _: b"[]"),
    ("binary_config", CONFIG, lambda _: bytes(range(128, 256))),
    ("newer", CONFIG, _config(format=99)),
    ("no_network", CONFIG, _config(network=None)),
    ("odd_data", CONFIG, _config(data=3)),
    ("odd_training", CONFIG, _config(training=3)),
    ("no_task", CONFIG, _notes(task=None)),
    ("odd_schema", CONFIG, _notes(schema={"task": "forecast"})),
    ("odd_recipe", CONFIG, _notes(recipe={"colour": "red"})),
    ("odd_test", CONFIG, _notes(test="much")),
    ("odd_reading", CONFIG, _notes(reading=3)),
    ("odd_history", "history.jsonl", lambda _: b"{}\n"),
    ("broken_history", "history.jsonl", lambda _: b"{"),
]
