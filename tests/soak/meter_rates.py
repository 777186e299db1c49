"""How fast meters' bytes become samples: the benchmarks ``ppk2_rate`` and ``powershield_rate``, written down.

Results: millions of samples a second, the best of some rounds, since a machine's other work only slows things
down. Whole, it fails below the aims; a share runs once through less, and is not judged by its speed.
"""

from __future__ import annotations

import os

from bench import powershield_rate, ppk2_rate

from tinykit.meters.powershield_binary import BinaryDecoder

RUNS = 9
_SHIELD_SAMPLES = 10_000_000


def soak(seed: int, fraction: float) -> dict[str, object]:
    """Run both, on streams that do not depend on ``seed``. Raises AssertionError below an aim."""
    whole = fraction >= 1
    share = 1.0 if whole else fraction / 10
    per_s = ppk2_rate.measure(RUNS if whole else 1, round(ppk2_rate.SAMPLES * share))
    ours = min(per_s[f"tinykit, {words >> 10} k words"] for words in ppk2_rate.CHUNK_WORDS)
    ratio = ours / per_s["ppk2-api"]
    samples = round(_SHIELD_SAMPLES * share)
    shield = powershield_rate.best_rate(
        lambda: BinaryDecoder(1e5, "current"),
        powershield_rate.stream(samples, 1e5, is_binary=True),
        samples,
        RUNS if whole else 1,
    )
    if whole:
        assert ours >= ppk2_rate.AIM_PER_S, f"PPK2: {ours / 1e6:.0f} M samples/s"
        assert ratio >= ppk2_rate.AIM_RATIO, f"{ratio:.0f} times ppk2-api"
        assert shield >= powershield_rate.AIM_PER_S, f"LPM01A: {shield / 1e6:.0f} M samples/s"
    return {
        "ppk2_m_samples_per_s": {name: round(rate / 1e6, 3) for name, rate in per_s.items()},
        "ppk2_least": round(ppk2_rate.AIM_PER_S / 1e6, 3),
        "ppk2_to_ppk2_api": round(ratio, 1),
        "ppk2_to_ppk2_api_least": ppk2_rate.AIM_RATIO,
        "lpm01a_binary_m_samples_per_s": round(shield / 1e6, 3),
        "lpm01a_binary_least": round(powershield_rate.AIM_PER_S / 1e6, 3),
        "load_average": [round(one, 2) for one in os.getloadavg()],
    }
