"""Named numbers made of what the probe saw; the rules are stated in them."""
