"""Helpers of the Train and Runs pages: the form, the queue, progress, the table of runs."""
