"""Many inferences with one model: several threads, one interpreter each, results in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event

import numpy as np

from tinykit.errors import DatasetError, ModelError
from tinykit.graph.model import Graph
from tinykit.graph.reader import parse_model
from tinykit.progress import SILENT, Progress
from tinykit.runtime.interpreter import Array, Interpreter, Runtime, TensorInfo

_CHUNK = 8
_RESOURCE_OPERATORS = frozenset({"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"})


def is_stateful(graph: Graph) -> bool:
    """Whether an inference depends on earlier ones: variable tensors, or resource variables."""
    return any(
        any(tensor.is_variable for tensor in subgraph.tensors)
        or any(operator.name in _RESOURCE_OPERATORS for operator in subgraph.operators)
        for subgraph in graph.subgraphs
    )


def infer(
    runtime: Runtime,
    model: bytes,
    x: Array,
    *,
    output: int = 0,
    reference: bool = True,
    workers: int | None = None,
    progress: Progress = SILENT,
) -> Array:
    """Run ``model`` on every sample of ``x`` and give the raw values of one output, shape (N, ...).

    ``x`` has shape (N, *input shape without batch). Data of the input's own dtype go in as stored
    values; any other data are real values and are quantized with the input's scale and zero point.
    The result keeps the output's dtype: ``interpreter.outputs[0].dequantize`` makes it real.

    ``workers`` interpreters run side by side, one a thread (None: one a core). A model that keeps
    state between inferences (see :func:`is_stateful`) runs in one thread, sample after sample, from
    a fresh state. Either way the result does not depend on ``workers``.

    Raises ModelError for a model that is damaged, refused by the runtime, has several inputs or a
    batch other than 1, and DatasetError for data that do not fit it.
    """
    stateful = is_stateful(parse_model(model))
    first = runtime.interpreter(model, reference=reference)
    _check(first, x, output)
    spans = _spans(len(x))
    count = 1 if stateful else max(1, min(workers or os.cpu_count() or 1, len(spans)))
    others = (runtime.interpreter(model, reference=reference) for _ in range(count - 1))
    interpreters = [first, *others]
    info = first.outputs[output]
    results: Array = np.empty((len(x), *info.shape[1:]), dtype=info.dtype)

    def run(interpreter: Interpreter, own_spans: list[tuple[int, int]]) -> None:
        for start, stop in own_spans:
            for i, sample in zip(range(start, stop), _prepared(interpreter, x[start:stop]), strict=True):
                if stopped.is_set():
                    return
                results[i] = _row(interpreter.invoke(sample)[output], info)
            progress.advance(stop - start)

    stopped = Event()
    progress.start("inference", len(x))
    with ThreadPoolExecutor(count) as pool:
        tasks = [pool.submit(run, one, spans[k::count]) for k, one in enumerate(interpreters)]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            stopped.set()
            raise
    progress.finish()
    return results


def _spans(n: int) -> list[tuple[int, int]]:
    return list(pairwise([*range(0, n, _CHUNK), n])) if n else []


def _prepared(interpreter: Interpreter, x: Array) -> Iterator[Array]:
    info = interpreter.inputs[0]
    return (sample[np.newaxis] for sample in info.accept(x))


def _row(raw: Array, info: TensorInfo) -> Array:
    if raw.shape != info.shape:
        raise ModelError(
            f"Output {info.name!r} has shape {raw.shape} for this sample and {info.shape} by declaration.",
            hint="outputs whose size depends on the data cannot be collected.",
        )
    row: Array = raw[0]
    return row


def _check(interpreter: Interpreter, x: Array, output: int) -> None:
    if len(interpreter.inputs) != 1:
        raise ModelError(
            f"The model has {len(interpreter.inputs)} inputs; data sets here have one.",
            hint="use a model with one input, or call Runtime.interpreter and feed it yourself.",
        )
    if not 0 <= output < len(interpreter.outputs):
        raise ModelError(
            f"The model has no output {output}.", hint=f"it has {len(interpreter.outputs)} outputs, from 0."
        )
    info = interpreter.inputs[0]
    batches = {info.shape[:1], interpreter.outputs[output].shape[:1]}
    if batches != {(1,)}:
        raise ModelError(
            f"The model's batch is not 1 (input {info.shape}, output {interpreter.outputs[output].shape}).",
            hint="convert it with a batch of 1.",
        )
    if x.shape[1:] != info.shape[1:]:
        raise DatasetError(
            f"Samples have shape {x.shape[1:]}, the model takes {info.shape[1:]}.",
            hint="load the data with the model's input shape, or use the data this model was made for.",
            code="SHAPE",
        )
