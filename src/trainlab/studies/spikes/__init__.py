"""How a run loses what it had solved: the step at which its loss spikes, and why."""
