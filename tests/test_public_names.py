"""The public names: what they are, that all of them exist, and that none costs anything unused."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import freerun

NAMES = """
    ArgumentError CheckpointedBPTT Comparison Curriculum DataAsDemonstrator DataError Forecaster
    FreeRunning FreerunError FullBPTT Gap GeneralizedTeacherForcing History HorizonCurriculum Noise
    NoisyTeacherForcing NonFiniteError Optimizer Path Plan ProfessorForcing RecurrentNetwork
    RunError Sampling Scaling ScheduledSampling Schema SequenceClassifier SequenceLabeler
    SequenceRegressor Sequences Session SparseTeacherForcing State Table TeacherForcing TextModel
    TruncatedBPTT Unrolled Validation __version__ bptt cells compare data datasets draw dynamics
    estimators evaluate exposure_gap fit forcing heads load nn predict read run save scaled_batch
    state training
"""


def test_the_public_names_are_these() -> None:
    assert freerun.__all__ == NAMES.split()


@pytest.mark.parametrize("name", NAMES.split())
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(freerun, name) is not None
    assert name in dir(freerun)


def test_what_type_checkers_see_is_what_there_is() -> None:
    tree = ast.parse(Path(freerun.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen | {"__version__"} == set(freerun.__all__)


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'freerun' has no attribute 'Recurrent'"):
        freerun.Recurrent  # noqa: B018


def test_importing_the_package_does_not_import_torch() -> None:
    script = "import sys, freerun, freerun.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
