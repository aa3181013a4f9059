"""Quantities that lessons may show: functions of a run and of numbers, each with its unit."""

from vae_core.lessons.quantities import normal
from vae_core.lessons.quantities.registry import QUANTITIES, Quantity, quantity

__all__ = ["QUANTITIES", "Quantity", "normal", "quantity"]
