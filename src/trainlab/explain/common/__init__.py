"""What all five questions share: options, populations, paired comparisons, the check against autograd, progress."""
