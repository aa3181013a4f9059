"""How figures, strips of pictures and their files are put on a page."""
