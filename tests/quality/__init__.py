"""Tests of the judge, its suites and its detectors."""
