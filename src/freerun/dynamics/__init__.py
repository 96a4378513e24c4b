"""A recurrent network as a dynamical system: how it stretches, where it goes, what it forgets."""

from .divergence import Divergence, largest_exponent
from .exponents import LyapunovSpectrum
from .gradients import GradientFlow, gradient_flow
from .linearisation import jacobian_norms, jacobians, mean_growth, spectral_radius
from .lyapunov import lyapunov_spectrum
from .occupation import state_space_divergence
from .spectra import spectrum_distance
from .systems import system_spectrum
from .validity import valid_prediction_time

__all__ = [
    "Divergence",
    "GradientFlow",
    "LyapunovSpectrum",
    "gradient_flow",
    "jacobian_norms",
    "jacobians",
    "largest_exponent",
    "lyapunov_spectrum",
    "mean_growth",
    "spectral_radius",
    "spectrum_distance",
    "state_space_divergence",
    "system_spectrum",
    "valid_prediction_time",
]
