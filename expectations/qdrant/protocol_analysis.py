"""Rules of `protocol_analysis`: the vectors and risk scores of protocols."""

from great_expectations import ExpectationSuite

from ys_analytics.quality.vector_rules import vector_rules

SUITE = ExpectationSuite(
    name="protocol_analysis",
    expectations=[],
)

DETECTORS = [
    *vector_rules("protocol_analysis", content="protocol_name", score="risk_score", time="analysis_date"),
]
