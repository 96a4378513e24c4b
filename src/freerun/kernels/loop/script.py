"""A call prepared once for its shape: what is left to say each time is a row of numbers.

A script holds the call's tables with all but what changes filled in, and says which of the numbers
goes where in them. It is one int64 array: the fields named here, and behind them what they count.
"""

__all__ = ["FIXED", "SCRIPT_SIZE"]

(
    # layers; how many links there are, (where in the tables, which number, bytes to add where it
    # is not 0); how many parameters are packed; how many gradients are summed up
    LAYERS, LINKS, JOBS, RESULTS,
    # among the numbers, where the tensors' addresses are, and where gradients go; steps in all
    TENSORS, TARGETS, STEPS,
    SCRIPT_SIZE,
) = range(8)  # fmt: skip
"""Then follow the call's table, the layers', the links, the packing jobs and the unpacking jobs."""

(
    # the addresses of the kernel and of ``strip``, scratch memory, and where parameters are packed
    FUNCTION, STRIP, ROOM, PACKED,
    # the loss of every step, and where their sum goes, or 0
    NLL, TOTAL,
    # what is to be 0 before anything else is done, and how many numbers of it
    BLANK, BLANK_COUNT,
    # the threads' gradients, and of how many threads
    PARTS, PART_COUNT,
    # where h of every step is wanted, and f, (batch, time, features) without gaps; or 0
    SEEN_H, SEEN_F,
    FIXED,
) = range(13)  # fmt: skip
"""Numbers that every call has, in front of its own."""
