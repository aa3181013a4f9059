"""Values kept for each run: computed once for the same arguments, anew for others."""

from __future__ import annotations

import os
from dataclasses import replace

import torch
from torch import Tensor

from pages.ui.library.cached import per_run
from tests.samples import bundled
from vae_core import Dataset, Run

SHIPPED = bundled()

calls: list[object] = []


@per_run()
def first(run: Run, n: int = 1) -> str:
    calls.append(("first", run.id, n))
    return f"{run.id} {n}"


@per_run()
def second(run: Run, n: int = 1) -> str:
    return f"second {run.id} {n}"


@per_run()
def of_tensors(run: Run, z: Tensor, data: Dataset | None) -> float:
    calls.append("of_tensors")
    return float(z.sum())


def test_a_value_is_computed_once_for_each_run_and_arguments() -> None:
    calls.clear()
    runs = SHIPPED["mnist-2d"], SHIPPED["mnist-20d"]
    values = [first(run, n) for run in runs for n in (1, 2)]
    assert [first(run, n) for run in runs for n in (1, 2)] == values
    assert len(calls) == len(set(calls)) == len(values) == 4


def test_functions_of_the_same_arguments_do_not_share_their_values() -> None:
    run = SHIPPED["mnist-2d"]
    assert (first(run, 5), second(run, 5)) == ("mnist-2d 5", "second mnist-2d 5")


def test_a_value_is_computed_anew_when_the_weights_change(run_copy: Run) -> None:
    calls.clear()
    assert first(run_copy, 7) == first(run_copy, 7)
    os.utime(run_copy.path / "weights.safetensors", (1, 1))
    first(run_copy, 7)
    assert len(calls) == 2


def test_tensors_and_data_sets_are_the_same_by_their_contents(digits: Dataset) -> None:
    calls.clear()
    run, z = SHIPPED["digits-2d"], torch.ones(3)
    first_half = replace(digits, train=digits.train.take(torch.arange(9)))
    for data in (None, digits, first_half):
        assert of_tensors(run, z, data) == of_tensors(run, z.clone(), data) == 3.0
    assert of_tensors(run, z + 1, digits) == 6.0
    assert len(calls) == 4
