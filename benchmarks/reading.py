"""Ten million rows of CSV: how long `freerun.read` takes, and how much memory.

    python -m benchmarks.reading --rows 10_000_000 --series 1000

The file is written first, into a directory that is removed after; reading is measured in a process
of its own, PyTorch's and Polars' imports included in its memory, not in its time.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

READ = """
import json, resource, sys, time
import torch, polars, freerun as fr
fr.Sequences
began = time.perf_counter()
table = fr.read(sys.argv[1], "y", known=["price", "holiday"])
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "peak_gib": peak, "table": repr(table.sequences)}))
"""


def write(path: Path, rows: int, series: int) -> None:
    """A row per series and minute: a time, a name, a target and two inputs."""
    import polars

    steps, random = rows // series, np.random.default_rng(0)
    start = np.datetime64("2024-01-01T00:00", "m")
    frame = polars.DataFrame(
        {
            "time": np.tile((start + np.arange(steps)).astype("datetime64[us]"), series),
            "series": np.repeat([f"meter {number}" for number in range(series)], steps),
            "y": random.normal(size=steps * series),
            "price": random.normal(10, 1, size=steps * series),
            "holiday": random.random(steps * series) < 0.1,
        }
    )
    frame.write_csv(path)


def main() -> None:
    """Write, read, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--series", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write(path, arguments.rows, arguments.series)
        size = path.stat().st_size / 2**20
        done = subprocess.run(
            [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
        )
    found = json.loads(done.stdout)
    print(f"{found['table']}\n{arguments.rows:,} rows, {size:.0f} MiB of CSV:", end=" ")
    print(f"{found['seconds']:.1f} s, {found['peak_gib']:.2f} GiB at most (aim: 20 s, 2 GiB)")


if __name__ == "__main__":
    main()
