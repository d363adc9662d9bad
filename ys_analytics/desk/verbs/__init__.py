"""The verbs of a desk by subject; `desk.Desk` inherits them all."""
