"""Campaigns: random bad input and killed processes, for a minute or for hours."""
