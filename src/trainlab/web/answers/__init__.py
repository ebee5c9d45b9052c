"""Answers to the page's questions: a file a question, each a pure function that yields frames."""
