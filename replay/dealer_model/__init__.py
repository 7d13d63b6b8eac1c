"""He, Nagel and Song's equilibrium from the command line: figures, plots, regressions."""
