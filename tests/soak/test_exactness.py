"""The exactness soak judges nothing that hardly ran."""

from __future__ import annotations

from collections import Counter

import pytest
from soak.run import load

from tinykit.compiler.registry import find_kernels

DSP = [one.kernel.name for one in find_kernels() if "dsp" in one.kernel.needs]


def test_a_kernel_that_hardly_ran_fails_the_soak_by_name() -> None:
    require_kernels = load("exactness").__globals__["require_kernels"]
    assert len(DSP) >= 6
    layers = Counter(dict.fromkeys(DSP, 5))
    require_kernels(layers, 1000)
    layers["conv_winograd_dsp"] = 4
    with pytest.raises(AssertionError, match="conv_winograd_dsp in 4;"):
        require_kernels(layers, 1000)
    del layers["conv_winograd_dsp"]
    with pytest.raises(AssertionError, match="conv_winograd_dsp in 0;"):
        require_kernels(layers, 1000)
