"""Components in the page: their modules, their data, and what they return."""
