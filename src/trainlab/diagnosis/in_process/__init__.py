"""Trainings watched in this process: `trainlab.watch`, and functions that train."""
