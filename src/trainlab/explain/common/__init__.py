"""What all questions share: options, populations, paired comparisons, the check by autograd, progress."""
