"""The command line: ``freerun demo``, ``train``, ``evaluate``, ``run`` and ``data``.

PyTorch is imported inside the commands alone, so that help and mistakes are answered at once.
"""

from freerun.cli.app import main

__all__ = ["main"]
