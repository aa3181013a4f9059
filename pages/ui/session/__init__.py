"""The state of a reader's session: the chosen model, and the keys under which values are kept."""
