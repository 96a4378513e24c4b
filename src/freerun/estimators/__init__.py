"""Estimators in scikit-learn's manner: from arrays to answers in three lines."""

from freerun.estimators.classifier import SequenceClassifier
from freerun.estimators.forecaster import Forecaster
from freerun.estimators.labeler import SequenceLabeler
from freerun.estimators.regressor import SequenceRegressor
from freerun.estimators.text_model import TextModel

__all__ = ["Forecaster", "SequenceClassifier", "SequenceLabeler", "SequenceRegressor", "TextModel"]
