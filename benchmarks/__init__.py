"""Benchmarks: the measurements behind performance claims; never part of the tests."""
