"""The stack: what is pushed comes back, at the cost that its probability says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vae_core.compression.rans import PRECISION, WORD, Computed, Stack, Table, starts


def table(mass: NDArray[np.float64]) -> Table:
    """Bins of probabilities (lanes, n)."""
    below = np.pad(np.cumsum(mass, 1), ((0, 0), (1, 0)))
    n = mass.shape[1]
    return Table(starts(below / below[:, -1:], np.arange(n + 1), n))


def random_mass(rng: np.random.Generator, lanes: int, n: int) -> NDArray[np.float64]:
    """From even to one symbol that takes nearly all."""
    mass = np.exp(rng.uniform(0.0, 20.0) * rng.random((lanes, n)))
    return mass / mass.sum(1, keepdims=True)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    lanes=st.integers(1, 7),
    counts=st.lists(st.integers(2, 300), min_size=1, max_size=40),
)
def test_what_is_pushed_is_popped_and_the_stack_is_as_before(
    seed: int, lanes: int, counts: list[int]
) -> None:
    """Also where fewer lanes than all have a symbol, and where the stack is stirred between."""
    rng, stack = np.random.default_rng(seed), Stack.empty(lanes)
    pushed = []
    for n in counts:
        used = int(rng.integers(1, lanes + 1))
        bins = table(random_mass(rng, used, n))
        symbols = rng.integers(0, n, used)
        stack.stir()
        stack.push(symbols, bins)
        pushed.append((symbols, bins))
        assert (stack.heads >= 2**WORD).all()
    for symbols, bins in reversed(pushed):
        assert stack.pop(len(symbols), bins).tolist() == symbols.tolist()
        stack.stir()
    assert stack.is_empty
    assert not stack.n_borrowed


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lanes=st.integers(1, 5), count=st.integers(1, 60))
def test_what_is_popped_first_is_put_back_by_pushing_it(seed: int, lanes: int, count: int) -> None:
    """Bits that were borrowed are given back in the end, every one of them."""
    rng, stack = np.random.default_rng(seed), Stack.empty(lanes)
    all_bins = [table(random_mass(rng, lanes, int(rng.integers(2, 50)))) for _ in range(count)]
    popped = [stack.pop(lanes, bins) for bins in all_bins]
    for symbols, bins in zip(reversed(popped), reversed(all_bins), strict=True):
        stack.push(symbols, bins)
    assert stack.is_empty


def test_the_stack_grows_by_the_bits_of_what_is_pushed() -> None:
    rng, stack = np.random.default_rng(0), Stack.empty(4)
    before, bits = stack.length, 0.0
    for _ in range(500):
        mass = random_mass(rng, 4, 30)
        symbols = np.array([rng.choice(30, p=p) for p in mass])
        stack.push(symbols, table(mass))
        bits -= np.log2(mass[np.arange(4), symbols]).sum()
    assert abs(stack.length - before - bits) < 1e-3 * bits + 1.0
    assert abs(stack.n_bits - stack.length) < 4 * WORD


def test_popping_draws_from_the_distribution_that_it_pops_with() -> None:
    mass = np.array([[0.5, 0.3, 0.15, 0.05]])
    stack, bins, n = Stack.empty(1), table(mass), 4000
    counts = np.bincount(np.concatenate([stack.pop(1, bins) for _ in range(n)]), minlength=4)
    error = np.sqrt(mass[0] * (1 - mass[0]) / n)
    assert (abs(counts / n - mass[0]) < 4 * error).all()
    assert stack.n_borrowed > 0


def test_every_number_belongs_to_one_symbol_and_a_table_leaves_none_without() -> None:
    below = np.array([[0.0] * 501 + [1.0] * 500])  # all mass on symbol 500
    step = Computed(1000, lambda k: below[0][k])
    for number in (0, 1, 2**PRECISION // 2, 2**PRECISION - 1):
        assert step.find(np.array([number], np.uint64)) == 500
    whole = Table(starts(below, np.arange(1001), 1000))
    edges = whole.table[0].astype(np.int64)
    assert (np.diff(edges) >= 1).all()
    assert (edges[0], edges[-1]) == (0, 2**PRECISION)
    for k in (0, 499, 500, 501, 999):
        for number in (edges[k], edges[k + 1] - 1):
            assert whole.find(np.array([number], np.uint64)) == k
