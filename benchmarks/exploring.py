"""How long `freerun explore` takes to answer: 200 random requests, as a browser waits for them.

    freerun train forecast sunspots --out runs/sunspots
    freerun train text moby_dick --out runs/moby
    python benchmarks/exploring.py runs/sunspots runs/moby

Each request is another leaving point, horizon, w, seed, and number of paths (50 to 200) or
temperature. The time is that from asking to having read the answer, over HTTP on the loopback
address; the clock of the machine, so other work on it counts.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

REQUESTS = 200


def random_request(about: dict[str, Any], draws: random.Random) -> dict[str, float]:
    """A request like those that a page makes."""
    asked = {
        "origin": draws.randint(1, about["series"][0]["steps"] - 1),
        "horizon": draws.randint(10, about["most"]["horizon"]),
        "share": draws.random(),
        "seed": draws.randrange(2**32),
        "around": 120,
    }
    if about["task"] == "text":
        return asked | {"temperature": draws.uniform(0.1, 2), "top_k": draws.randint(0, 40)}
    return asked | {"paths": draws.randint(50, 200) if about["samples"] else 0}


def ask(connection: HTTPConnection, path: str) -> Any:
    """What is answered, as JSON."""
    connection.request("GET", path)
    reply = connection.getresponse()
    body = json.loads(reply.read())
    assert reply.status == 200, body
    return body


def measure(run: Path) -> list[float]:
    """Milliseconds of each request."""
    command = [sys.executable, "-m", "freerun.cli", "explore", str(run), "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = urlsplit(process.stdout.readline().strip())
        connection = HTTPConnection(url.netloc, timeout=60)
        about = ask(connection, url.path + "about")
        draws, found = random.Random(0), []
        for _ in range(REQUESTS):
            path = f"{url.path}answer?{urlencode(random_request(about, draws))}"
            began = time.perf_counter()
            ask(connection, path)
            found.append(1000 * (time.perf_counter() - began))
        return sorted(found)
    finally:
        process.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    for run in parser.parse_args().runs:
        found = measure(run)
        middle, most = found[REQUESTS // 2], found[REQUESTS * 95 // 100]
        print(f"{run}: median {middle:.1f} ms, 95th percentile {most:.1f}, longest {found[-1]:.1f}")
