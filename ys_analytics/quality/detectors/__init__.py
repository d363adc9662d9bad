"""Detectors: checks over many rows together, in Polars; a frame in, the failing rows out.

Every detector gives back the keys of the failing rows and `said`, one line on what is wrong with each, the
worst first; nothing found is an empty frame. None of them reads a store, a clock or a setting.
"""
