"""Images coded one by one: the stack's length, and the negative ELBO that it follows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.samples import ROOT
from vae_core import RunStore, load_dataset
from vae_core.analysis import CodedImages, code_images
from vae_core.analysis.rate.coded_images import NAT
from vae_core.compression import pack, to_levels
from vae_core.errors import DataError

N = 8
RUN = RunStore(ROOT / "assets" / "models").load("digits-map")


@pytest.fixture(scope="module")
def levels():
    test = load_dataset(RUN.config.data).test
    return to_levels(test.take(torch.arange(N)).images, 2)


@pytest.fixture(scope="module")
def coded(levels) -> CodedImages:
    return code_images(RUN.vae(), levels)


def test_the_steps_of_the_stack_follow_each_other_and_end_at_the_sum(coded):
    lengths = coded.lengths
    np.testing.assert_allclose(lengths["before"][1:], lengths["after"][:-1])
    whole = lengths["after"].iloc[-1] - lengths["before"].iloc[0]
    assert whole == pytest.approx(coded.table["total"].sum())
    assert lengths["step"].tolist() == ["back", "pixels", "prior"] * N


def test_the_length_is_that_of_the_file_less_what_was_borrowed(coded, levels):
    packed, _ = pack(RUN.vae(), levels)
    bits = packed.stack().length
    assert coded.lengths["after"].iloc[-1] == pytest.approx(bits, abs=1e-6)


def test_coding_takes_the_negative_elbo_within_the_noise_of_its_z(coded):
    difference = coded.table["total"] - coded.table["negative_elbo"]
    noise = float(np.sqrt((coded.table["deviation"] ** 2).sum()))
    assert abs(difference.sum()) < 4.0 * noise
    assert coded.table["negative_elbo"].mean() == pytest.approx(NAT * 21.0, rel=0.2)


def test_images_of_another_shape_are_refused():
    with pytest.raises(DataError, match="shape"):
        code_images(RUN.vae(), np.zeros((2, 1, 9, 9), np.uint8))
