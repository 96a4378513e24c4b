"""Forcing: what the output edge carries in training, f(t) = w(t) y(t) + (1 - w(t)) g(o(t)).

================================== ======================================= ========================
policy                             w(t) and values                         for
================================== ======================================= ========================
:class:`TeacherForcing`            1                                       one step ahead; fastest
:class:`FreeRunning`               0 after a warm-up                       many steps ahead
:class:`ScheduledSampling`         a coin per step, its odds changing      from one to the other
:class:`SparseTeacherForcing`      1 every n steps, else 0                 chaotic systems
:class:`GeneralizedTeacherForcing` alpha everywhere                        chaotic systems
:class:`NoisyTeacherForcing`       1; y + noise                            a cheap baseline
:class:`HorizonCurriculum`         0 on segments that grow                 long free runs
:class:`ProfessorForcing`          1, and an adversary beside a run with 0 generating
:class:`DataAsDemonstrator`        1; earlier free runs in place of y      coming back to the truth
:class:`Curriculum`                one policy after the other              easy first, hard later
================================== ======================================= ========================
"""

from freerun.forcing.curriculum import Curriculum
from freerun.forcing.demonstrator import DataAsDemonstrator
from freerun.forcing.free_running import FreeRunning
from freerun.forcing.generalized import GeneralizedTeacherForcing
from freerun.forcing.horizon import HorizonCurriculum
from freerun.forcing.noisy import NoisyTeacherForcing
from freerun.forcing.professor import ProfessorForcing
from freerun.forcing.registry import FORCINGS, register
from freerun.forcing.scheduled_sampling import ScheduledSampling
from freerun.forcing.schedules import (
    SCHEDULES,
    Constant,
    Exponential,
    InverseSigmoid,
    Linear,
    Schedule,
)
from freerun.forcing.sparse import SparseTeacherForcing
from freerun.forcing.spelling import forcing_of, read_forcing, spell_forcing
from freerun.forcing.teacher import TeacherForcing
from freerun.plan import Forcing, Plan, PlanBatch, Progress

__all__ = [
    "FORCINGS",
    "SCHEDULES",
    "Constant",
    "Curriculum",
    "DataAsDemonstrator",
    "Exponential",
    "Forcing",
    "FreeRunning",
    "GeneralizedTeacherForcing",
    "HorizonCurriculum",
    "InverseSigmoid",
    "Linear",
    "NoisyTeacherForcing",
    "Plan",
    "PlanBatch",
    "ProfessorForcing",
    "Progress",
    "Schedule",
    "ScheduledSampling",
    "SparseTeacherForcing",
    "TeacherForcing",
    "forcing_of",
    "read_forcing",
    "register",
    "spell_forcing",
]
