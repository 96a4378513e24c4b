"""freerun beside its peers, in one run: the same work, compared before it is timed.

    python -m benchmarks.kernels                  # the whole grid: about an hour on two cores
    python -m benchmarks.kernels --quick          # a thinned one: under five minutes
    python -m benchmarks.kernels --family hidden --cell gru --B 1 32 --T 50 --H 64 256

======================= ===========================================================================
``__main__``, ``run``   the command line, and the run from the first case to the last
``environment``         threads, versions, the processor
``case``, ``grids``     one cell of the tables; all of them, the thinned ones, the chosen ones
``problem``             the weights and data of a case, the same for everyone
``reference``           what must come out, in float64
``comparing``           whether it did
``contestant``          something to run, and to read the results of
``peers/``              a file each: freerun and the libraries beside it
``turns``               who runs when, and for how long
``measuring``           one case from its problem to its figures
``disturbance``         what other processes took meanwhile
``rate``                the machine's own matrix products
``figures``             medians, quartiles, ratios
``summary``, ``claims`` what was asked for, and whether it was reached
``text``, ``markdown``  the figures as rows, and as ``docs/benchmarks.md``
``results``             the figures as JSON, written whole or not at all
======================= ===========================================================================
"""
