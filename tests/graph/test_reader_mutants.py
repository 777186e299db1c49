"""Damaged real files: read as LiteRT reads them, or refused. The soak ``reader_mutants`` runs 20,000."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph.mutants import Mutator, judge, seeds, structure_bytes, tally

from tinykit.graph.reader import parse_model


@pytest.fixture(scope="module")
def files() -> tuple[Path, ...]:
    found = seeds()
    assert len(found) >= 4
    return found


def test_mutants_are_read_truly_or_refused(files: tuple[Path, ...]) -> None:
    outcomes = tally(files, seed=7, count=1_500)
    assert outcomes.total() == 1_500
    # Damage that is all refused, or never, would test one half only.
    assert outcomes["read"] > 200
    assert outcomes["MODEL_DAMAGED"] > 500


def test_every_truncation_of_the_structure_is_refused(wakeword_models: tuple[Path, ...]) -> None:
    data = wakeword_models[0].read_bytes()
    for end in range(0, len(data), 211):
        assert judge(data[:end]).startswith("MODEL_")


def test_mutants_are_the_same_for_the_same_seed(files: tuple[Path, ...]) -> None:
    data = files[0].read_bytes()
    once, again, other = Mutator(data, 1), Mutator(data, 1), Mutator(data, 2)
    assert [once.mutant(i) for i in range(18)] == [again.mutant(i) for i in reversed(range(18))][::-1]
    assert [once.mutant(i) for i in range(18)] != [other.mutant(i) for i in range(18)]


def test_damage_aims_at_structure(files: tuple[Path, ...]) -> None:
    for path in files:
        data = path.read_bytes()
        structure = set(structure_bytes(data))
        assert set(range(64)) <= structure
        weights = sum(t.size_bytes for t in parse_model(data).main.tensors if t.data is not None)
        assert len(structure) < len(data) - weights / 2
