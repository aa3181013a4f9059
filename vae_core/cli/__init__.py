"""The command line: its arguments, and what an interrupt does before it runs."""
