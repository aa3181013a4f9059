"""The app's pages: read state, call the core, draw."""
