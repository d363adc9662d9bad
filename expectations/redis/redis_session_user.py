"""What must be true of `session:user:*`: counted, never read, so nothing is asked of a value."""

from great_expectations import ExpectationSuite

SUITE = ExpectationSuite(
    name="redis_session_user",
    expectations=[],
)
