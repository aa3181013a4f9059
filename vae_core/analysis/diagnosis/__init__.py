"""Health of a model: collapse, holes of the prior, overfitting, its worst images."""
