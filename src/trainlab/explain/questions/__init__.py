"""The five questions, a folder each, named like its command; `question.py` has the order of its sections."""
