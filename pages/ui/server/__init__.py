"""The server beside its pages: routes of files, and what is loaded at the start."""
