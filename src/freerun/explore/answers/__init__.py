"""What the page shows, as numbers: pure functions of a run's network and a request."""

from freerun.explore.answers.forecasts import ForecastAnswer, Forecasts, Series
from freerun.explore.answers.requests import ForecastRequest, TextRequest
from freerun.explore.answers.texts import Text, TextAnswer, Texts

__all__ = [
    "ForecastAnswer",
    "ForecastRequest",
    "Forecasts",
    "Series",
    "Text",
    "TextAnswer",
    "TextRequest",
    "Texts",
]
