"""The pages without a browser, and their figures."""
