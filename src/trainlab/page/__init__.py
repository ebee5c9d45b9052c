"""What results are shown with: pages and their parts, tables declared once, all text escaped."""
