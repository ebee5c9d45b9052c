"""A report in words: its card, its verdict, its findings, for terminal and page."""
