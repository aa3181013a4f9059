"""Data shared by all readers: runs, models, codes, images, background threads; the passcode."""
