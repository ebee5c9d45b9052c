"""What a study's verdicts are and how sure: rules of plain counts, each in a file by what it judges."""
