"""A recurrent network as a dynamical system: how it stretches, where it goes, what it forgets."""

from .linearisation import jacobian_norms, jacobians, mean_growth, spectral_radius

__all__ = ["jacobian_norms", "jacobians", "mean_growth", "spectral_radius"]
