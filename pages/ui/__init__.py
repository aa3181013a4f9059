"""Widgets, caches and components, a room for each section of the menu and four that all use."""
