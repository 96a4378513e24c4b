import threading
from collections.abc import Iterator

import pytest

from freerun.explore.server import app_for, listen, server_for
from tests.explore.examples import forecasts
from tests.explore.served import TOKEN, Served


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A page that is being served."""
    server = server_for(app_for(forecasts(), "a run", TOKEN))
    with listen(0) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Served(port)
        finally:
            server.should_exit = True
            thread.join(20)
