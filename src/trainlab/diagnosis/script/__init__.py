"""A user's script, module or notebook, run unchanged under the probe in a process of its own."""
