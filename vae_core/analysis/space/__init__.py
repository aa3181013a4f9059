"""Latent space: planes, projections, neighbours, walks, traversals, cells of maps."""
