"""Rules of `protocol_analysis`: the vectors and risk scores of protocols."""

from great_expectations import ExpectationSuite

from ys_analytics.quality.vector_rules import about_vectors

SUITE = ExpectationSuite(
    name="protocol_analysis",
    expectations=[],
)

DETECTORS = [
    *about_vectors("protocol_analysis", meaning="protocol_name", score="risk_score", time="analysis_date"),
]
