"""What a reader's session remembers: the chosen model, and every key under which it is kept."""
