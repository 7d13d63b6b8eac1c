"""Between the merge and the detectors: what a figure is the n-th record of, and whether it can be believed.

A record is a new figure, a repeat of one that is known, a correction of one, another source's word on one, or a figure
that its own series makes improbable. Detectors are given each fact once; a correction is played to them in its place.
"""
