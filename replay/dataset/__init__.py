"""Figures of publishers' files made into events: the catalogue, the publication clock, the reader."""
