"""Every policy by name."""

from freerun.forcing.curriculum import Curriculum
from freerun.forcing.demonstrator import DataAsDemonstrator
from freerun.forcing.free_running import FreeRunning
from freerun.forcing.generalized import GeneralizedTeacherForcing
from freerun.forcing.horizon import HorizonCurriculum
from freerun.forcing.noisy import NoisyTeacherForcing
from freerun.forcing.professor import ProfessorForcing
from freerun.forcing.scheduled_sampling import ScheduledSampling
from freerun.forcing.sparse import SparseTeacherForcing
from freerun.forcing.teacher import TeacherForcing
from freerun.plan import Forcing

__all__ = ["FORCINGS", "register"]

FORCINGS: dict[str, type[Forcing]] = {
    policy.__name__: policy
    for policy in (
        TeacherForcing,
        FreeRunning,
        ScheduledSampling,
        SparseTeacherForcing,
        GeneralizedTeacherForcing,
        NoisyTeacherForcing,
        HorizonCurriculum,
        ProfessorForcing,
        DataAsDemonstrator,
        Curriculum,
    )
}
"""Every policy by name; what is registered here runs through every contract of the tests."""


def register(policy: type[Forcing]) -> type[Forcing]:
    """Make saved runs and the contract tests know ``policy``, a frozen dataclass of numbers."""
    FORCINGS[policy.__name__] = policy
    return policy
