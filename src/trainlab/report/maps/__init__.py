"""A map as a page and in the terminal."""
