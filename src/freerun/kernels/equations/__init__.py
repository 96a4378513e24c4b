"""What a step computes: cells, what is fed back, losses, each forward and backward."""
