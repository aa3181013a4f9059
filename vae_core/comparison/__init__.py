"""Comparison of runs: differences with their errors, tables of scores, and which can be ranked."""

from vae_core.comparison.pairs import ModelFacts, PairScore, Side, compare, score_error
from vae_core.comparison.points import Point, by_value, first_seeds, points
from vae_core.comparison.tables import (
    Best,
    best_point,
    epoch_table,
    point_table,
    run_table,
    sweep_table,
    trained_value,
)
from vae_core.comparison.yardstick import (
    Obstacle,
    Yardstick,
    comparable,
    obstacle,
    same_images,
    with_test_images,
)

__all__ = [
    "Best",
    "ModelFacts",
    "Obstacle",
    "PairScore",
    "Point",
    "Side",
    "Yardstick",
    "best_point",
    "by_value",
    "comparable",
    "compare",
    "epoch_table",
    "first_seeds",
    "obstacle",
    "point_table",
    "points",
    "run_table",
    "same_images",
    "score_error",
    "sweep_table",
    "trained_value",
    "with_test_images",
]
