"""What makes the numbers, tables and pictures of the pages, beside its data; `scripts/measure` runs it."""
