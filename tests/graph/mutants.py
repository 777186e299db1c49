"""Seeded damage to real .tflite files; the reader must make a true ``Graph`` or ``ModelError`` of each."""

from __future__ import annotations

import random
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graph.litert_reading import differences

from tinykit.errors import ModelError
from tinykit.graph.reader import parse_model

# Processor time, far above what any mutant takes on any machine; a hang is what it is there to find.
LONGEST_S = 60.0

_EXTREMES = (0, 1, 2, 3, 4, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)


def seeds() -> tuple[Path, ...]:
    """The real files at hand that mutants are made from: ours, pymicro-wakeword's, MLPerf Tiny's."""
    import importlib.util
    import os

    found = list(Path(__file__).parents[2].glob("firmware_models/models/*/*.tflite"))
    package = importlib.util.find_spec("pymicro_wakeword")
    if package is not None and package.origin is not None:
        found += Path(package.origin).parent.rglob("*.tflite")
    if "TINYKIT_REFERENCE_MODELS" in os.environ:
        found += Path(os.environ["TINYKIT_REFERENCE_MODELS"]).glob("*.tflite")
    return tuple(sorted(found, key=lambda path: path.name))


def structure_bytes(data: bytes) -> list[int]:
    """Positions outside constant data, where damage does more than change a weight."""
    covered = bytearray(len(data))
    start = 0
    for subgraph in parse_model(data).subgraphs:
        for tensor in subgraph.tensors:
            if tensor.data is not None and tensor.data.nbytes > 64:
                block = tensor.data.tobytes()
                start = data.find(block)
                covered[start : start + len(block)] = b"\1" * len(block)
    return [i for i, hidden in enumerate(covered) if not hidden]


class Mutator:
    """Makes mutant number ``i`` of one file; the same for the same seed, whatever was made before."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._data = data
        self._seed = seed
        self._structure = structure_bytes(data)
        self._kinds: tuple[Callable[[random.Random, bytearray], None], ...] = (
            self._flip,
            self._flip_low_bits,
            self._truncate,
            self._swap_words,
            self._splice_extreme,
            self._redirect,
            self._nudge,
            self._copy_block,
            self._cut_out,
        )

    def mutant(self, i: int) -> tuple[str, bytes]:
        """(kind of damage, damaged bytes)."""
        rng = random.Random(f"{self._seed}/{i}")
        kind = self._kinds[i % len(self._kinds)]
        data = bytearray(self._data)
        kind(rng, data)
        return kind.__name__.strip("_"), bytes(data)

    def _place(self, rng: random.Random, aligned: bool = False) -> int:
        place = rng.choice(self._structure)
        return min(place & ~3, len(self._data) - 4) & ~3 if aligned else place

    def _word(self, data: bytearray, place: int) -> int:
        return int(struct.unpack_from("<I", data, place)[0])

    def _put(self, data: bytearray, place: int, value: int) -> None:
        struct.pack_into("<I", data, place, value & 0xFFFFFFFF)

    def _flip(self, rng: random.Random, data: bytearray) -> None:
        for _ in range(rng.choice((1, 1, 2, 8))):
            data[self._place(rng)] = rng.randrange(256)

    def _flip_low_bits(self, rng: random.Random, data: bytearray) -> None:
        data[self._place(rng)] ^= 1 << rng.randrange(8)

    def _truncate(self, rng: random.Random, data: bytearray) -> None:
        del data[rng.randrange(len(data)) if rng.random() < 0.5 else len(data) - rng.randrange(1, 64) :]

    def _swap_words(self, rng: random.Random, data: bytearray) -> None:
        a, b = self._place(rng, aligned=True), self._place(rng, aligned=True)
        data[a : a + 4], data[b : b + 4] = data[b : b + 4], data[a : a + 4]

    def _splice_extreme(self, rng: random.Random, data: bytearray) -> None:
        near_size = (len(data), len(data) - 4, len(data) + 1)
        self._put(data, self._place(rng, aligned=True), rng.choice(_EXTREMES + near_size))

    def _redirect(self, rng: random.Random, data: bytearray) -> None:
        place = self._place(rng, aligned=True)
        self._put(data, place, self._place(rng, aligned=rng.random() < 0.8) - place)

    def _nudge(self, rng: random.Random, data: bytearray) -> None:
        place = self._place(rng, aligned=True)
        self._put(data, place, self._word(data, place) + rng.choice((-64, -4, -2, -1, 1, 2, 4, 64)))

    def _copy_block(self, rng: random.Random, data: bytearray) -> None:
        size = rng.choice((4, 8, 16, 64))
        a, b = self._place(rng, aligned=True), self._place(rng, aligned=True)
        data[b : b + size] = data[a : a + size]
        del data[len(self._data) :]

    def _cut_out(self, rng: random.Random, data: bytearray) -> None:
        place = self._place(rng)
        if rng.random() < 0.5:
            del data[place : place + rng.choice((1, 2, 4, 16))]
        else:
            data[place:place] = rng.randbytes(rng.choice((1, 2, 4, 16)))


def mutants(files: Sequence[Path], seed: int, count: int, offset: int = 0) -> Iterator[tuple[str, bytes]]:
    """``count`` mutants, spread evenly over the files: (where it came from, bytes)."""
    mutators = [(path, Mutator(path.read_bytes(), seed)) for path in files]
    for i in range(offset, offset + count):
        path, mutator = mutators[i % len(mutators)]
        kind, data = mutator.mutant(i // len(mutators))
        yield f"{path.name} #{i // len(mutators)} {kind}", data


def judge(data: bytes) -> str:
    """What became of one mutant: ``read`` or an error's code. Raises where that is wrong."""
    start_s = time.process_time()
    try:
        graph = parse_model(data, "mutant")
    except ModelError as error:
        assert error.message.startswith("mutant"), error.message
        outcome = error.code
    else:
        found = differences(graph, data)
        assert not found, found[:3]
        outcome = "read"
    assert time.process_time() - start_s < LONGEST_S
    return outcome


def tally(files: Sequence[Path], seed: int, count: int) -> Counter[str]:
    """Judge ``count`` mutants and count the outcomes; an error names the mutant that caused it."""
    outcomes: Counter[str] = Counter()
    for origin, data in mutants(files, seed, count):
        try:
            outcomes[judge(data)] += 1
        except Exception as error:
            raise AssertionError(f"mutant {origin} (seed {seed})") from error
    return outcomes
