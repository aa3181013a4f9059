"""Helpers of the pages under Explore: posteriors, projection, walks, locality."""
