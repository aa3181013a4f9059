"""Models for the browser: a graph of steps, the files that a page fetches, a model in one file."""
