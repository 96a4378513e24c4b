"""What is written beside an edge, in Matplotlib's mathtext, and how much room it takes."""

import re

from freerun.drawing.graph import Edge

__all__ = ["label_of", "parameter_label", "size_of_text"]

LETTER, WIDE, SMALL, HEIGHT = 0.25, 0.37, 0.17, 0.34
"""Of a letter, of a wide one, of one that is raised or lowered, and of a line; as painted."""

RAISED = re.compile(r"[_^](?:\{([^}]*)\}|(.))")


def label_of(edge: Edge, shape: str = "") -> str:
    """The parameter, or the weight; g where an output is fed."""
    if edge.parameter:
        size = rf"\;\,{shape}" if shape else ""
        return f"${parameter_label(edge.parameter)}{size}$"
    if edge.kind == "truth":
        return "$w$" if edge.weight is None else "" if edge.weight == 1 else f"${edge.weight:g}$"
    if edge.kind == "own":
        if edge.weight is None:
            return "$(1-w)\\,g$"
        return "$g$" if edge.weight == 1 else f"${edge.weight:g}\\,g$"
    return ""


def parameter_label(parameter: str) -> str:
    """In mathtext, without dollars: ``W^(2) reversed`` with an arrow upon W."""
    name, _, reverse = parameter.partition(" ")
    letter, rest = name[0], name[1:].replace("^(", "^{(").replace(")", ")}")
    # Raised behind an empty group, so that it does not stand upon the arrow.
    return (rf"\overleftarrow{{{letter}}}{{}}" if reverse else letter) + rest


def size_of_text(label: str) -> tuple[float, float]:
    """About how wide and high mathtext is."""
    bare = label.replace(r"\times", "xx").replace(r"\overleftarrow", "")
    raised = "".join(a or b for a, b in RAISED.findall(bare))
    plain = re.sub(r"[${}\\,; ]", "", RAISED.sub("", bare))
    height = HEIGHT + (0.22 if "overleftarrow" in label else 0.08 if raised else 0)
    wide = len(re.findall("[W=w+]", plain))
    return LETTER * (len(plain) - wide) + WIDE * wide + SMALL * len(raised), height
