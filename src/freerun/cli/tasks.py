"""The tasks of the command line, and the sets that ship for each."""

__all__ = ["SETS", "TASKS"]

SETS = {
    "forecast": ("sunspots",),
    "classify": ("japanese_vowels",),
    "regress": (),
    "label": ("japanese_vowels",),
    "text": ("moby_dick",),
}

TASKS = tuple(SETS)
