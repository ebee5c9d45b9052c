"""Was it the seed? A user's own training as a population: outcomes over seeds, failures and their causes."""
