"""The doctor: questions to every store about itself, and a comparison of ids between the four.

Knows stores, schemas and ids; checks no value (that is `quality`) and changes nothing.
"""

from ys_analytics.doctor.answer import Answer
from ys_analytics.doctor.examine import examine

__all__ = ["Answer", "examine"]
