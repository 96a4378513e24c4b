"""Compiled CPU loops: a network unfolded over all its steps, forward and backward.

They know nothing of networks, only of numbers; :func:`explain` says which path a network takes.
"""

from freerun.kernels.binding.autograd import Unfolded, unfold, unfold_plain_score, unfold_score
from freerun.kernels.binding.eager import eager
from freerun.kernels.binding.given import Edge, Layer, Readout
from freerun.kernels.choice import (
    Choice,
    choose,
    choose_inside,
    disabled,
    explain,
    is_disabled,
    kernel_feed,
    why_not,
)
from freerun.kernels.layer import over_time
from freerun.kernels.warming import warm

__all__ = [
    "Choice",
    "Edge",
    "Layer",
    "Readout",
    "Unfolded",
    "choose",
    "choose_inside",
    "disabled",
    "eager",
    "explain",
    "is_disabled",
    "kernel_feed",
    "over_time",
    "unfold",
    "unfold_plain_score",
    "unfold_score",
    "warm",
    "why_not",
]
