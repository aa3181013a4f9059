"""What a page computes with: a model as steps, the files it fetches, a model in one file."""
