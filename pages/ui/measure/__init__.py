"""Helpers of the pages under Measure: aggregate, bounds, diagnostics."""
