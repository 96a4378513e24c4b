"""freerun: recurrent networks trained the way they will run."""

from freerun import cells, heads
from freerun._checks import ArgumentError, DataError, FreerunError, NonFiniteError, RunError
from freerun.bptt import CheckpointedBPTT, FullBPTT, TruncatedBPTT
from freerun.checkpoint import load, save
from freerun.closed_loop import run
from freerun.data import Scaling, Sequences, datasets
from freerun.evaluation import evaluate
from freerun.exposure import Gap, exposure_gap
from freerun.forcing import FreeRunning, Plan, TeacherForcing
from freerun.heads import Sampling
from freerun.network import RecurrentNetwork
from freerun.path import Path
from freerun.session import Session
from freerun.training import History, Optimizer, Validation, fit
from freerun.unroll import Noise, State, Unrolled
