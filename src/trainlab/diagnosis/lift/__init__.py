"""Lifting: a user's training told as an experiment, and shown to be the same."""
