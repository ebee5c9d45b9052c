"""How fast trainlab is beside its peers and beside the machine's own limit; `scripts/bench` runs it."""
