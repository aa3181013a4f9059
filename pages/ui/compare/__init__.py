"""Helpers of the pages under Compare: two models, rate and distortion."""
