"""How well freerun predicts, beside other libraries on the same data, in one run."""
