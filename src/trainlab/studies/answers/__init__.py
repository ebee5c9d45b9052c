"""A study's short answer: a sentence, a table, what helps and hurts."""
