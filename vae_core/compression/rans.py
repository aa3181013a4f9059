"""rANS: a stack of bits to which symbols are pushed and from which they are popped (Duda 2009).

A symbol with probability p makes the stack -log2 p bits longer. Popping is the exact inverse: it
reads a symbol off, and leaves the stack as it was before. So popping *with a distribution* from
bits that mean something else draws from this distribution, and pushing what was drawn puts the
bits back.

Many images are coded side by side: every lane has a number of its own, its head, and all of them
share one tail of 32-bit words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.uint64]
Cumulative = Callable[[NDArray[np.int64]], NDArray[np.float64]]

PRECISION = 28  # bits: probabilities are multiples of 2^-28
WORD = 32
LOW = np.uint64(2**WORD - 1)
STIR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: odd, its bits without a pattern
_SEED = 0  # of the bits that a chain begins with


class Bins(ABC):
    """A distribution over 0, 1, ..., n - 1 for every lane, as whole numbers.

    Symbol k has the numbers from start(k) to start(k + 1) - 1 of 2^PRECISION. What is pushed must
    have one; a symbol without is never popped.
    """

    n: int

    @abstractmethod
    def start(self, k: NDArray[np.int64]) -> Integers:
        """The first of the numbers of one symbol a lane; 2^PRECISION where k = n."""

    def find(self, number: Integers) -> NDArray[np.int64]:
        """The symbol that has the number, by bisection: the last k with start(k) <= number."""
        low = np.zeros(len(number), np.int64)
        high = np.full(len(number), self.n, np.int64)
        for _ in range((self.n - 1).bit_length()):
            middle = (low + high) // 2
            is_right = self.start(middle) <= number
            low, high = np.where(is_right, middle, low), np.where(is_right, high, middle)
        return low


def starts(below: NDArray[np.float64], k: NDArray[np.int64], n: int) -> Integers:
    """`Bins.start` of symbols below which there is the probability `below`, from 0 to 1.

    Every symbol has a number, whatever its probability: none is impossible, and little is wasted.
    """
    first = np.floor(float(2**PRECISION - n) * below).astype(np.int64) + k
    return first.astype(np.uint64)


class Computed(Bins):
    """Of many symbols, by a function; those of less than 2^-PRECISION may have no number.

    Were each to have one, 2^18 bins would take a thousandth of all numbers from those that are
    probable, and one image in fifty of 20 dimensions would have a z from nowhere near.

    Parameters
    ----------
    n : int
    below : callable
        P(symbol < k) for one k a lane, 0 <= k <= n: from 0 to 1, never falling with k.
    """

    def __init__(self, n: int, below: Cumulative) -> None:
        self.n, self.below = n, below

    def start(self, k: NDArray[np.int64]) -> Integers:
        """Computed for these symbols alone."""
        return np.floor(2.0**PRECISION * self.below(k)).astype(np.uint64)


class Table(Bins):
    """Of few symbols, all starts beside each other, (lanes, n + 1)."""

    def __init__(self, table: Integers) -> None:
        self.table, self.n = table, table.shape[1] - 1
        self._lanes = np.arange(len(table))

    def start(self, k: NDArray[np.int64]) -> Integers:
        """Looked up."""
        return self.table[self._lanes, k]


class Stack:
    """Bits, as a head for every lane and a tail that they share.

    Between two calls every head is at least 2^32 and below 2^64. What is popped beyond the last
    word is borrowed from a fixed sequence of random bits; `n_borrowed` says how many words.

    Parameters
    ----------
    heads : array of uint64, (lanes,)
    tail : list of int
        32-bit words, the top one last.
    n_borrowed : int
    """

    def __init__(self, heads: Integers, tail: list[int], n_borrowed: int = 0) -> None:
        self.heads, self.tail, self.n_borrowed = heads, tail, n_borrowed

    @classmethod
    def empty(cls, lanes: int) -> Stack:
        """With which packing begins and unpacking ends."""
        return cls(np.full(lanes, 2**WORD, np.uint64), [])

    @property
    def n_bits(self) -> int:
        """Its length: what has to be written to have it back."""
        return 2 * WORD * len(self.heads) + WORD * len(self.tail)

    @property
    def length(self) -> float:
        """Its length in bits less what was borrowed, heads to a fraction of a bit."""
        words = len(self.tail) - self.n_borrowed
        return float(np.log2(self.heads.astype(np.float64)).sum()) + WORD * words

    def push(self, symbols: NDArray[np.int64], bins: Bins) -> None:
        """Put one symbol a lane on the stack, for the first len(symbols) lanes."""
        start = bins.start(symbols)
        width = bins.start(symbols + 1) - start
        head = self.heads[: len(start)]
        is_full = head >= width << np.uint64(2 * WORD - PRECISION)
        if is_full.any():
            self.tail.extend((head[is_full] & LOW).tolist())
            head = np.where(is_full, head >> np.uint64(WORD), head)
        head = ((head // width) << np.uint64(PRECISION)) + head % width + start
        self.heads[: len(start)] = head

    def pop(self, lanes: int, bins: Bins) -> NDArray[np.int64]:
        """Take one symbol off each of the first `lanes` lanes; the inverse of `push`."""
        head = self.heads[:lanes]
        number = head & np.uint64(2**PRECISION - 1)
        symbols = bins.find(number)
        start = bins.start(symbols)
        width = bins.start(symbols + 1) - start
        head = width * (head >> np.uint64(PRECISION)) + number - start
        is_short = head < np.uint64(2**WORD)
        if is_short.any():
            words = self._take(int(is_short.sum()))
            head[is_short] = (head[is_short] << np.uint64(WORD)) | words
        self.heads[:lanes] = head
        return symbols

    def stir(self) -> None:
        """Mix the upper half of every head into its lower half; its own inverse.

        What was pushed last would be popped first. A z that is drawn by the bits of the last z is
        no random draw, and may cost more than one.
        """
        upper = self.heads >> np.uint64(WORD)
        self.heads ^= (upper * STIR) >> np.uint64(WORD)

    def _take(self, n: int) -> Integers:
        """The top n words, in the order of their pushes; borrowed where there are none."""
        missing = n - len(self.tail)
        if missing > 0:
            self.tail = _borrowed(self.n_borrowed, missing) + self.tail
            self.n_borrowed += missing
        words = self.tail[-n:]
        del self.tail[-n:]
        return np.array(words, np.uint64)

    @property
    def is_empty(self) -> bool:
        """Whether only what was borrowed is left, as when all is taken off that was put on."""
        is_begun = bool((self.heads == 2**WORD).all())
        return is_begun and self.tail == _borrowed(0, self.n_borrowed)


def _borrowed(first: int, n: int) -> list[int]:
    """Words first ... first + n - 1 of a fixed sequence without end, the first one on top."""
    raw = np.random.PCG64(_SEED).random_raw(first + n)[first:] >> WORD
    words: list[int] = raw[::-1].tolist()
    return words
