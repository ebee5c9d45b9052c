"""Tiers of tests, and what one without a marker may cost."""

pytest_plugins = ["tiers"]
