"""A race, and the smallest budget, as pages and in the terminal."""
