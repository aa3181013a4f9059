"""Lessons on screen: the card beside the page, the steps' scenes, what is hidden, the list."""
