"""freerun: recurrent networks trained the way they will run."""

from freerun import cells, heads
from freerun._checks import ArgumentError, DataError, FreerunError, NonFiniteError, RunError
from freerun.bptt import CheckpointedBPTT, FullBPTT, TruncatedBPTT
from freerun.checkpoint import load, save
from freerun.data import Scaling, Sequences, datasets
from freerun.evaluate import evaluate
from freerun.fit import fit
from freerun.forcing import FreeRunning, Plan, TeacherForcing
from freerun.heads import Sampling
from freerun.history import History
from freerun.network import RecurrentNetwork
from freerun.optimizer import Optimizer
from freerun.unroll import Noise, State, Unrolled
from freerun.validation import Validation
