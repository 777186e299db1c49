"""Seeded synthetic data with the shapes of the four MLPerf Tiny tasks.

The patterns exist so that a briefly trained network has living activations and honest ranges. They imitate
the *form* of MFCCs, small photographs and log-mel spectra and nothing else: what a network scores on them
says nothing about speech, pictures or machines. Values are rounded coarsely so that the committed ``.npz``
files stay small.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = tuple[NDArray[np.generic], NDArray[np.int64]]


def balanced_labels(rng: np.random.Generator, n: int, classes: int) -> NDArray[np.int64]:
    """``n`` labels, as equal in number as ``n`` allows, in random order."""
    return rng.permutation(np.arange(n) % classes)


def keyword_features(rng: np.random.Generator, n: int) -> Samples:
    """12 "words": float32 (n, 49, 10), 49 frames of 10 cepstrum-like coefficients in steps of 0.25.

    A word is three bumps in time, each with its own direction in coefficient space; a speaker shifts,
    stretches and scales it. The words come from a fixed seed of their own: they are the task, ``rng`` only
    draws the speakers and the noise.
    """
    words = np.random.default_rng(49)
    centre = np.sort(words.uniform(8, 41, (12, 3)), axis=1)
    width = words.uniform(2.5, 6, (12, 3))
    direction = words.normal(0, 7, (12, 3, 10))
    y = balanced_labels(rng, n, 12)
    stretch, shift = rng.uniform(0.8, 1.2, (n, 1, 1)), rng.normal(0, 3, (n, 1, 1))
    frame = (np.arange(49)[:, None] - 24.5) * stretch + 24.5 + shift
    bumps = np.exp(-0.5 * ((frame - centre[y][:, None]) / width[y][:, None]) ** 2)
    voice = rng.normal(1, 0.6, (n, 3, 10))
    x = np.einsum("ntb,nbc->ntc", bumps, direction[y] * voice) * rng.uniform(0.5, 1.2, (n, 1, 1))
    x += rng.normal(0, 5, (n, 1, 10)) + rng.normal(0, 7, x.shape)
    x[:, :, 0] -= 45  # the zeroth coefficient is a log energy, far below the others
    return (np.round(x * 4) / 4).astype(np.float32), y


def shape_masks(rng: np.random.Generator, labels: NDArray[np.int64], side: int) -> NDArray[np.float64]:
    """A mask of 0 and 1 a label, (n, side, side): five outlines and five textures; place, size, turn vary."""
    n = len(labels)
    v, u = np.mgrid[0:side, 0:side] / (side - 1) * 2 - 1
    place = rng.uniform(-0.35, 0.35, (2, n, 1, 1))
    turn = rng.normal(0, 0.2, (n, 1, 1))
    size = rng.uniform(0.4, 0.7, (n, 1, 1))
    du, dv = u - place[0], v - place[1]
    a, b = (du * np.cos(turn) + dv * np.sin(turn)) / size, (dv * np.cos(turn) - du * np.sin(turn)) / size
    r = np.hypot(a, b)
    wave = 5 * size
    masks = [
        r < 1,
        np.maximum(abs(a), abs(b)) < 0.85,
        (b < 0.8) & (b > 2 * abs(a) - 1),
        np.minimum(abs(a), abs(b)) < 0.28,
        abs(r - 0.8) < 0.22,
        np.sin(wave * 2 * b) > 0,
        np.sin(wave * 2 * a) > 0,
        np.sin(wave * 1.4 * (a + b)) > 0,
        np.sin(wave * 1.6 * a) * np.sin(wave * 1.6 * b) > 0,
        np.sin(wave * 2 * r) > 0,
    ]
    return np.choose(labels[:, None, None], masks).astype(np.float64)


def coloured_shapes(rng: np.random.Generator, n: int) -> Samples:
    """10 shapes and textures in random colours: uint8 (n, 32, 32, 3), 0..255 in steps of 16."""
    y = balanced_labels(rng, n, 10)
    mask = shape_masks(rng, y, 32)[..., None]
    ground = rng.uniform(40, 215, (n, 1, 1, 3))
    contrast = rng.uniform(30, 100, (n, 1, 1, 1)) * rng.choice([-1, 1], (n, 1, 1, 3))
    shade = np.linspace(-1, 1, 32)[:, None, None] * rng.normal(0, 20, (n, 1, 1, 1))
    return posterised(ground + shade + contrast * mask + rng.normal(0, 20, (n, 32, 32, 3))), y


def posterised(x: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Pixels clipped to 0..255 and rounded down to 16 levels."""
    levels = np.clip(x, 0, 255) // 16
    return (levels * 17).astype(np.uint8)


def silhouettes(rng: np.random.Generator, n: int) -> Samples:
    """Clutter with a standing figure (1), or without, or its parts in disorder (0): uint8 (n, 96, 96, 3)."""
    y = balanced_labels(rng, n, 2)
    return np.stack([_scene(rng, bool(label)) for label in y]), y


def _scene(rng: np.random.Generator, person: bool) -> NDArray[np.uint8]:
    v, u = np.mgrid[0:96, 0:96]
    ground = rng.uniform(60, 195)
    image = ground + rng.normal(0, 15, 3) + (v[..., None] - 48) * rng.normal(0, 0.4, 3)
    for _ in range(rng.integers(4, 9)):
        image[_ellipse(u, v, rng.uniform(0, 96, 2), rng.uniform(3, 14, 2))] = rng.uniform(30, 225, 3)
    if person or rng.random() < 0.3:
        away = rng.choice([-1, 1]) * rng.uniform(50, 110)
        image[_figure(rng, u, v, ordered=person)] = ground + away + rng.normal(0, 15, 3)
    for _ in range(rng.integers(0, 3)):
        image[_ellipse(u, v, rng.uniform(0, 96, 2), rng.uniform(2, 6, 2))] = rng.uniform(30, 225, 3)
    coarse = rng.normal(0, 12, (48, 48, 1)).repeat(2, axis=0).repeat(2, axis=1)
    return posterised(image + coarse)


def _figure(
    rng: np.random.Generator, u: NDArray[np.int64], v: NDArray[np.int64], *, ordered: bool
) -> NDArray[np.bool_]:
    size = rng.uniform(7, 12)
    foot = np.array([rng.uniform(25, 71), rng.uniform(40, 52)])
    places = np.array([[0, -2.1], [0, 0], [-0.55, 2.3], [0.55, 2.3]])
    radii = np.array([[0.7, 0.75], [1.0, 1.6], [0.4, 1.5], [0.4, 1.5]])
    if not ordered:
        places = rng.uniform(-2.4, 2.4, places.shape)
    parts = [
        _ellipse(u, v, foot + size * place, size * radius)
        for place, radius in zip(places, radii, strict=True)
    ]
    return np.logical_or.reduce(parts)


def _ellipse(
    u: NDArray[np.int64], v: NDArray[np.int64], centre: NDArray[np.float64], radii: NDArray[np.float64]
) -> NDArray[np.bool_]:
    return ((u - centre[0]) / radii[0]) ** 2 + ((v - centre[1]) / radii[1]) ** 2 < 1


def machine_hum(rng: np.random.Generator, n: int, *, anomalies: bool) -> Samples:
    """Five stacked frames of 128 mel bins in dB: float32 (n, 640) in steps of 0.5; y = 1 for an anomaly.

    Normal: a sloping noise floor with the harmonics of one motor whose speed, load and distance vary. With
    ``anomalies``, half of the samples have a whine that the motor does not make or have lost harmonics.
    """
    y = balanced_labels(rng, n, 2) if anomalies else np.zeros(n, np.int64)
    bins = np.arange(128)
    speed, load = rng.uniform(0.95, 1.05, (n, 1, 1)), rng.normal(0, 1, (n, 1, 1))
    harmonics = np.array([9, 18, 31, 47, 66, 88])[:, None]
    heights = np.array([24, 17, 20, 12, 14, 8])[:, None] + 3 * load * np.linspace(-1, 1, 6)[:, None]
    lost = (y[:, None, None] == 1) & (rng.random((n, 1, 1)) < 0.5)
    heights = heights * np.where(lost & (rng.random((n, 6, 1)) < 0.5), 0.5, 1.0)
    hum = (heights * np.exp(-0.5 * ((bins - harmonics * speed) / 2.2) ** 2)).sum(axis=1)
    pitch, strength = rng.uniform(10, 118, (n, 1)), rng.uniform(0, 14, (n, 1))
    whine = strength * np.exp(-0.5 * ((bins - pitch) / 3.0) ** 2)
    hum += np.where((y[:, None] == 1) & ~lost[:, :, 0], whine, 0)
    floor = -22 - bins / 8 + rng.normal(0, 3, (n, 1))
    frames = (floor + hum)[:, None, :] + rng.normal(0, 2.5, (n, 5, 128))
    return (np.round(frames * 2) / 2).astype(np.float32).reshape(n, 640), y
