"""The unfolded loop over chunks of steps, forward and backward, and what it is told."""
