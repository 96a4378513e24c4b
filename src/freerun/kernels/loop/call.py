"""What one call of a kernel is told: the names of the numbers in its tables.

Addresses are bytes, strides and sizes count numbers. Rows of units are padded to whole vectors:
``WIDTH`` is ``UNITS`` rounded up, and so for every other ``_WIDTH``.
"""

__all__ = ["CALL_SIZE", "LAYER_SIZE"]

(
    # the shape of the graph; a thread takes ROWS sequences at a time, and of these BLOCK steps;
    # h(t) is in place t mod RING: 1 + STEPS where all are kept, 2 where the last ones are enough;
    # STEPLESS where no step waits for another, and a sequence's rows lie one after the other;
    # PRIVATE bytes of a thread's scratch memory are its own, where a team shares the rest
    CELL, LAYERS, UNITS, WIDTH, DRIVE, GATES, BATCH, STEPS, ROWS, BLOCK, RING, H_STEP, H_ROW,
    STEPLESS, PRIVATE,
    # x: (batch, time, features), at any strides
    X, X_ROW, X_STEP, INPUT, INPUT_WIDTH,
    # the output edge: what was fed, (batch, lags + time, features), oldest first
    EDGE, FED, FED_ROW, FEATURES, LAGS, R, WINDOW, WINDOW_WIDTH, FED_BEFORE,
    # the readout: o, (batch, time, size)
    OUT, SIZE, SIZE_WIDTH, V, OFFSET, SKIP,
    # how o becomes f
    FEED, COMPONENTS, SHARPENING, NOISE, NOISE_ROW, NOISE_STEP, THROUGH,
    # forcing: w, at any strides, and the values, (batch, time, features), or all that is fed
    FORCED, FORCED_ROW, FORCED_STEP, VALUES,
    # gradients that come in
    D_O, D_O_ROW, D_O_STEP, D_H, D_H_ROW, D_H_STEP, D_FED,
    # the loss of a step: which, y (batch, time, ...), where it goes, (batch, time), its gradient
    SCORE, OUTPUTS, TARGET, TARGET_BYTES, NLL, D_NLL, D_NLL_ROW, D_NLL_STEP,
    # gradients that go out; those of weights are summed thread by thread, PART numbers apart
    D_X, D_R, D_V, D_OFFSET, D_SKIP, PART,
    # weights, packed for the way back
    R_BACK, V_BACK,
    CALL_SIZE,
) = range(70)  # fmt: skip

(
    U, W, BIAS, BIAS_RECURRENT, BELOW, BELOW_WIDTH,
    # h and c, at the strides H_STEP and H_ROW; the first step's past before it
    H, C, C_STEP,
    # (batch, units): the memory before the first step, and after each sequence's last
    H_FIRST, C_FIRST, H_LAST, C_LAST,
    # what a step keeps for the way back, a row for each that is real
    STORED,
    # dropout, (batch, time, units)
    MASK, MASK_ROW, MASK_STEP,
    U_BACK, W_BACK, D_U, D_W, D_BIAS,
    D_H_LAST, D_C_LAST, D_H_FIRST, D_C_FIRST,
    LAYER_SIZE,
) = range(27)  # fmt: skip

NO_EDGE, KNOWN_EDGE, OPEN_EDGE = range(3)
