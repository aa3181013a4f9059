"""What is read once and shared by all readers: runs, models, codes, images; who may change it."""
