"""An LLM endpoint as the cloud's side: joules a request, from the catalogue or from ecologits' model.

The catalogue's are GPU energy by NVML at a stated batch (``chat.``), or what a vendor claims with his whole
facility in it (``claim.``). ecologits (MPL-2.0, extra ``cloud``) has a regression over model size, batch and
output tokens, the server's own power included; its facility factor is left at 1, and ours applied.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache

from tinykit.comparison.catalog import Catalog
from tinykit.comparison.fields import Default, Found, Gap
from tinykit.errors import InputError

ECOLOGITS = "ecologits:"
CLAIM = "claim."
KWH_J = 3.6e6
WARNS = "; ecologits warns: "
"""Stands in a source before what ecologits says against its own figure: a size that nobody released."""
USUAL_BATCH = 64
"""Of ecologits 0.11, where nobody says another."""
_TOKENS = 1000.0
_BATCH = re.compile(r"\.batch(\d+)$")


def find_endpoint(text: str, catalog: Catalog) -> str:
    """The row of the catalogue that ``NAME`` or ``NAME:batchN`` means: of several batches the largest, at
    which an endpoint that is in use runs.

    Raises InputError, code LLM, where there is none such or several models.
    """
    name, _, batch = text.lower().partition(":")
    rows = [row.key for row in catalog.category("llm") if row.value is not None and row.si_unit == "J"]
    fitting = [key for key in rows if name in key.lower() and (not batch or key.endswith(f".{batch}"))]
    models = {_BATCH.sub("", key) for key in fitting}
    if len(models) != 1:
        near = sorted(fitting) or difflib.get_close_matches(name, rows, n=5, cutoff=0.3) or rows
        raise InputError(
            f"llm:{text}: {len(models) or 'no'} endpoints in the catalogue are called so.",
            hint=f"take one of {', '.join(near)}; or {ECOLOGITS}PROVIDER/MODEL.",
            code="LLM",
        )
    return max(fitting, key=batch_of)


def batch_of(key: str) -> int:
    """The batch in a row's key; 0 where it has none."""
    found = _BATCH.search(key)
    return int(found[1]) if found else 0


def at_batch(endpoint: str, batch: str) -> str:
    """The row of ``endpoint`` at another batch; itself for any. The catalogue may have none such."""
    return endpoint if batch == "any" else _BATCH.sub(f".batch{_size(batch)}", endpoint)


@dataclass(frozen=True)
class TokenEnergy:
    """J of a request: ``first_j`` and ``token_j`` an output token, each from low to high."""

    first_j: tuple[float, float]
    token_j: tuple[float, float]
    source: str


def first_token(endpoint: str, batch: str) -> Default:
    """J of a request before its output tokens."""
    return _found(endpoint, batch, "first_j")


def token(endpoint: str, batch: str) -> Default:
    """J of an output token."""
    return _found(endpoint, batch, "token_j")


def _found(endpoint: str, batch: str, what: str) -> Default:
    if not endpoint.startswith(ECOLOGITS):
        return Gap("no model by output tokens is named")
    energy = token_energy(endpoint.removeprefix(ECOLOGITS), _size(batch))
    low, high = energy.first_j if what == "first_j" else energy.token_j
    if low == high:
        return Found(low, energy.source, f"{endpoint}.{what}")
    return Found((low * high) ** 0.5, energy.source, f"{endpoint}.{what}", low, high)


def _size(batch: str) -> int:
    if batch == "any":
        return USUAL_BATCH
    if not (batch.isascii() and batch.isdigit() and 0 < int(batch) <= 10_000):
        raise InputError(
            f"cloud.batch cannot be '{batch}'.", hint="give a number, 1 to 10000, or any.", code="SCENARIO"
        )
    return int(batch)


@cache
def token_energy(name: str, batch: int) -> TokenEnergy:
    """What ecologits says of ``PROVIDER/MODEL``: linear in the output tokens.

    Raises InputError, code LLM, for a model that it does not know or without the extra.
    """
    try:
        from ecologits.impacts.llm import compute_llm_impacts
        from ecologits.model_repository import ParametersMoE, models
        from ecologits.utils.range_value import RangeValue
    except ImportError as error:
        raise InputError(
            f"{ECOLOGITS}{name} needs ecologits.", hint="pip install 'tinykit[cloud]'", code="LLM"
        ) from error
    from importlib.metadata import version

    provider, _, model_name = name.partition("/")
    model = models.find_model(provider=provider, model_name=model_name)
    if model is None:
        known = [f"{one.provider.value}/{one.name}" for one in models.list_models()]
        near = difflib.get_close_matches(name, known, n=4, cutoff=0.5)
        like = f"did you mean {', '.join(near)}? " if near else ""
        raise InputError(
            f"ecologits knows no model '{name}'.",
            hint=f"{like}name it PROVIDER/MODEL, like {known[0]}.",
            code="LLM",
        )
    size = model.architecture.parameters
    total, active = (size.total, size.active) if isinstance(size, ParametersMoE) else (size, size)

    def joules(tokens: float) -> tuple[float, float]:
        impacts = compute_llm_impacts(
            model_active_parameter_count=active,
            model_total_parameter_count=total,
            output_token_count=tokens,
            if_electricity_mix_adpe=0.0,
            if_electricity_mix_pe=0.0,
            if_electricity_mix_gwp=0.0,
            if_electricity_mix_wue=0.0,
            datacenter_pue=1.0,
            datacenter_wue=0.0,
            tps=model.deployment.tps if model.deployment else None,
            ttft=model.deployment.ttft if model.deployment else None,
            batch_size=batch,
        )
        kwh = impacts.usage.energy.value
        if isinstance(kwh, RangeValue):
            return float(kwh.min) * KWH_J, float(kwh.max) * KWH_J
        return float(kwh) * KWH_J, float(kwh) * KWH_J

    none, many = joules(0.0), joules(_TOKENS)
    slope = ((many[0] - none[0]) / _TOKENS, (many[1] - none[1]) / _TOKENS)
    source = f"ecologits {version('ecologits')}, {name}, batch {batch}: GPU and server, no facility"
    said = " ".join(str(warning.message) for warning in model.warnings or ())
    return TokenEnergy(none, slope, f"{source}{WARNS}{said}" if said else source)
