"""A study's verdicts: rules of plain counts, a file for each kind of verdict."""
