"""Make the files in src/freerun/data/builtin from the packages that carry the originals.

    python tools/make_builtin.py --japanese-vowels AEON/datasets/data/JapaneseVowels \
        --sunspots PMDARIMA/datasets/data/sunspots.txt.gz --moby-dick DATASETS_MOBY_DICK/data

Each argument is optional and makes its own file. The same originals give the same bytes.
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BUILTIN = Path(__file__).parent.parent / "src" / "freerun" / "data" / "builtin"
EXCERPT = 300_000  # characters of Moby Dick, at the least


def read_ts(path: Path) -> tuple[list[NDArray[np.float32]], list[int]]:
    """Read a ``.ts`` file: one (time, channels) array per sequence, and the labels."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = lines[lines.index("@data") + 1 :]
    sequences, labels = [], []
    for row in rows:
        *channels, label = row.split(":")
        columns = [np.array(channel.split(","), dtype=np.float32) for channel in channels]
        sequences.append(np.stack(columns, axis=1))
        labels.append(int(label))
    return sequences, labels


def make_japanese_vowels(folder: Path) -> None:
    """Write x (steps, 12) of all sequences end to end, their lengths and speakers, train first."""
    train, train_labels = read_ts(folder / "JapaneseVowels_TRAIN.ts")
    test, test_labels = read_ts(folder / "JapaneseVowels_TEST.ts")
    np.savez_compressed(
        BUILTIN / "japanese_vowels.npz",
        x=np.concatenate(train + test),
        lengths=np.array([len(one) for one in train + test], dtype=np.uint8),
        speaker=np.array(train_labels + test_labels, dtype=np.uint8) - 1,
        train=np.array(len(train)),
    )


def make_sunspots(path: Path) -> None:
    """Write one line per month."""
    numbers = gzip.decompress(path.read_bytes()).decode("ascii").split()
    months = (f"{1749 + index // 12}-{index % 12 + 1:02}" for index in range(len(numbers)))
    rows = [f"{month},{number}" for month, number in zip(months, numbers, strict=True)]
    text = "\n".join(["month,number", *rows, ""])
    (BUILTIN / "sunspots.csv").write_text(text, encoding="ascii", newline="\n")


def make_moby_dick(folder: Path) -> None:
    """Write whole chapters from the first on, until there are 300,000 characters."""
    text = ""
    chapter = 1
    while len(text) < EXCERPT:
        original = (folder / f"chapter_{chapter}.txt").read_text(encoding="utf-8")
        text += original.strip() + "\n\n\n"
        chapter += 1
    packed = gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0)
    (BUILTIN / "moby_dick.txt.gz").write_bytes(packed)


def main() -> None:
    """Make what the command line names the originals of."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--japanese-vowels", type=Path, help="folder with the two .ts files")
    parser.add_argument("--sunspots", type=Path, help="sunspots.txt.gz")
    parser.add_argument("--moby-dick", type=Path, help="folder with chapter_1.txt and on")
    arguments = parser.parse_args()
    if arguments.japanese_vowels:
        make_japanese_vowels(arguments.japanese_vowels)
    if arguments.sunspots:
        make_sunspots(arguments.sunspots)
    if arguments.moby_dick:
        make_moby_dick(arguments.moby_dick)


if __name__ == "__main__":
    main()
