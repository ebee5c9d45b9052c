"""Experiments on a copy of the script's process, kept from before its first step."""
