"""Compiled CPU loops: a network unfolded over all its steps, forward and backward.

They know nothing of networks, only of numbers; :func:`explain` says which path a network takes.
"""

from freerun.kernels.binding.autograd import Unfolded, score, unfold
from freerun.kernels.binding.direct import Scored, score_directly
from freerun.kernels.binding.eager import eager
from freerun.kernels.binding.given import Edge, Layer, Readout
from freerun.kernels.binding.terms import plain_terms, terms_of
from freerun.kernels.binding.unfolding import Unfolding
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
from freerun.kernels.clipping import Clipping
from freerun.kernels.layer import over_time
from freerun.kernels.threads.copying import WORD, RowCopy
from freerun.kernels.threads.slices import LEAST_PIECE, pieces_of_time
from freerun.kernels.threads.workers import Aside
from freerun.kernels.warming import warm

__all__ = [
    "LEAST_PIECE",
    "WORD",
    "Aside",
    "Choice",
    "Clipping",
    "Edge",
    "Layer",
    "Readout",
    "RowCopy",
    "Scored",
    "Unfolded",
    "Unfolding",
    "choose",
    "choose_inside",
    "disabled",
    "eager",
    "explain",
    "is_disabled",
    "kernel_feed",
    "over_time",
    "pieces_of_time",
    "plain_terms",
    "score",
    "score_directly",
    "terms_of",
    "unfold",
    "warm",
    "why_not",
]
