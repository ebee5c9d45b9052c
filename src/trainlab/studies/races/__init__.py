"""Races of networks or cells, and the smallest budget with which a network learns."""
