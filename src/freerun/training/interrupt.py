"""Ctrl-C that lets the step under way come to its end."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["Interrupt"]


class Interrupt:
    """While open, the first Ctrl-C (or SIGTERM) sets ``asked``; a second Ctrl-C interrupts at once.

    A SIGTERM is only put off: it is sent again when this closes, for it asks the process to end,
    not the training. Only the main thread can catch signals; elsewhere this stays quiet.
    """

    def __init__(self) -> None:
        self.asked = False
        self._terminated = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._terminated:
            signal.raise_signal(signal.SIGTERM)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._terminated = number == signal.SIGTERM
