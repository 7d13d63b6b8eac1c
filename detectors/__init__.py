"""The pure core: events in, signals and transitions out. No I/O, no wall clock, no randomness."""
