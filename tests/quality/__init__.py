"""Tests of the checker, its suites and its detectors."""
