"""log p(x) itself, bounds on it, the true posterior, and the two gaps below it."""
