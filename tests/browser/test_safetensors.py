"""Tensors arrive in the page as they were saved."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import pytest
import safetensors.torch
import torch

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.uint8, torch.int64])
def test_tensors_arrive_exactly(dtype: torch.dtype, modules: Page) -> None:
    if dtype == torch.float16:  # every finite one there is, the subnormal ones too
        values = torch.arange(-(2**15), 2**15).to(torch.int16).view(dtype)
        values = values[values.isfinite()]
    else:
        values = torch.tensor([[0, 1, 2], [3, 100, 255]]).to(dtype)
    file = safetensors.torch.save({"odd": torch.zeros(3, dtype=torch.uint8), "t": values})
    got = modules.evaluate(
        """async (file) => {
          const {readTensors} = await import('/model/safetensors.js');
          const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
          const {shape, values} = readTensors(bytes.buffer).tensors.t;
          return {shape, values: Array.from(values)};
        }""",
        base64.b64encode(file).decode(),
    )
    assert got["shape"] == list(values.shape)
    np.testing.assert_array_equal(got["values"], values.double().flatten().numpy())
