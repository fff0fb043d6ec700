"""Measurements against baselines: each module is a command that prints ratios."""
