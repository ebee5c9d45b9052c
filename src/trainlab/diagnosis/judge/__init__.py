"""From what was seen to a report: every fault is asked; runs of studies are judged by the same rules."""
