"""The numbers of a report, a file for each question; plain values, without looks."""
