"""Timings beside the peers, and results on data: run by hand, never part of the tests."""
