"""YieldSensei analytics."""
