"""How the installation is: every store asked about itself, and the four held against each other.

Knows stores, schemas and ids; judges no value (that is `quality`) and mends nothing.
"""

from ys_analytics.doctor.answer import Answer
from ys_analytics.doctor.examine import examine

__all__ = ["Answer", "examine"]
