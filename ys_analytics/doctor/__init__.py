"""How the installation is: every store asked about itself, and the four held against each other.

Knows stores, schemas and ids; checks no value (that is `quality`) and changes nothing.
"""

from ys_analytics.doctor.answer import Answer
from ys_analytics.doctor.examine import examine

__all__ = ["Answer", "examine"]
