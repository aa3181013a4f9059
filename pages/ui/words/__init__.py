"""The words of the field: a table of terms, a drawing of each, and their marks on every page."""
