"""Random small networks: operators behind one another, branches, residuals, state, ends of other types."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from compiler.operator_cases import (
    Case,
    Rng,
    activation,
    add_weights,
    any_scale,
    extent,
    near,
    stored,
    zero_point,
)
from compiler.writer import Writer


@dataclass(frozen=True)
class Flow:
    """An activation tensor while a network is being made."""

    tensor: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int


class Network:
    """Appends layers to a model; each method takes a Flow and returns the next."""

    def __init__(self, rng: Rng) -> None:
        self.rng, self.w = rng, Writer(subgraphs=2)
        self.states: list[Flow] = []

    def flow(self, *shape: int, like: Flow | None = None, scale: float | None = None) -> Flow:
        """A tensor quantized as ``like``, or with ``scale``, or with any."""
        zero = zero_point(self.rng) if like is None else like.zero_point
        if scale is None:
            scale = any_scale(self.rng) if like is None else like.scale
        return Flow(self.w.tensor(shape, scale=scale, zero_point=zero), shape, scale, zero)

    def conv(self, x: Flow, *, outputs: int | None = None, keep: bool = False) -> Flow:
        """CONV_2D or DEPTHWISE_CONV_2D; ``keep`` keeps height and width."""
        rng, (_, height, width, channels) = self.rng, x.shape
        deep = outputs is not None or rng.random() < 0.6
        made = (outputs or int(rng.integers(1, 9))) if deep else channels
        taps = rng.integers(1, 4, 2)
        stride = np.array([1, 1]) if keep else rng.integers(1, 3, 2)
        valid = not keep and bool((taps <= (height, width)).all()) and rng.random() < 0.3
        out = [extent(int(n), int(taps[d]), int(stride[d]), 1, valid) for d, n in enumerate((height, width))]
        y = self.flow(x.shape[0], *out, made)
        shape = (made, *taps, channels) if deep else (1, *taps, made)
        fan_in = int(taps.prod()) * (channels if deep else 1)
        weights = add_weights(
            self.w, rng, shape, fan_in, made, 0 if deep else 3, (x.scale, y.scale), per_axis=True
        )
        self.w.op(
            "CONV_2D" if deep else "DEPTHWISE_CONV_2D",
            [x.tensor, *weights],
            [y.tensor],
            padding=int(valid),
            strideH=int(stride[0]),
            strideW=int(stride[1]),
            fusedActivationFunction=activation(rng),
            **({} if deep else {"depthMultiplier": 1}),
        )
        return y

    def residual(self, x: Flow) -> Flow:
        """x + conv(x), or conv(x) + conv(x), in either order."""
        branches = [self.conv(x, outputs=x.shape[3], keep=True)]
        branches.append(x if self.rng.random() < 0.6 else self.conv(x, outputs=x.shape[3], keep=True))
        if self.rng.random() < 0.5:
            branches.reverse()
        y = self.flow(*x.shape, scale=near(self.rng, max(branch.scale for branch in branches) * 1.5))
        operands = [branch.tensor for branch in branches]
        self.w.op("ADD", operands, [y.tensor], fusedActivationFunction=activation(self.rng))
        return y

    def padded_conv(self, x: Flow) -> Flow:
        """PAD, then a convolution that may take the padding over."""
        around = np.zeros((4, 2), np.int32)
        around[1:3] = self.rng.integers(0, 3, (2, 2))
        shape = np.array(x.shape) + around.sum(axis=1)
        y = self.flow(*(int(n) for n in shape), like=x)
        self.w.op("PAD", [x.tensor, self.w.constant(around)], [y.tensor])
        return self.conv(y) if self.rng.random() < 0.7 else self.pool(y)

    def pool(self, x: Flow) -> Flow:
        rng, (_, height, width, channels) = self.rng, x.shape
        taps, stride = rng.integers(1, 4, 2), rng.integers(1, 3, 2)
        out = [extent(int(n), int(taps[d]), int(stride[d]), 1, False) for d, n in enumerate((height, width))]
        y = self.flow(x.shape[0], *out, channels, like=x)
        self.w.op(
            str(rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])),
            [x.tensor],
            [y.tensor],
            padding=0,
            strideH=int(stride[0]),
            strideW=int(stride[1]),
            filterHeight=int(taps[0]),
            filterWidth=int(taps[1]),
        )
        return y

    def split(self, x: Flow) -> Flow:
        """SPLIT_V along the channels, one part convolved, CONCATENATION of the other and a slice."""
        if x.shape[3] < 2:
            return self.conv(x, outputs=2)
        first = int(self.rng.integers(1, x.shape[3]))
        sizes = [first, x.shape[3] - first]
        parts = [self.flow(*x.shape[:3], n, like=x) for n in sizes]
        self.w.op(
            "SPLIT_V",
            [x.tensor, self.w.constant(sizes), self.w.constant(3)],
            [part.tensor for part in parts],
            numSplits=2,
        )
        half = self.flow(*x.shape[:3], first, like=x)
        words = [self.w.constant(n) for n in ([0, 0, 0, 0], [*x.shape[:3], first], [1, 1, 1, 1])]
        self.w.op("STRIDED_SLICE", [x.tensor, *words], [half.tensor])
        y = self.flow(*x.shape[:3], sum(sizes) + first, like=x)
        order = [parts[1], half, parts[0]]
        self.w.op("CONCATENATION", [part.tensor for part in order], [y.tensor], axis=3)
        return y

    def unary(self, x: Flow) -> Flow:
        """RELU or RELU6, or QUANTIZE to another scale; half of them keep the scale and can be fused."""
        name = str(self.rng.choice(["RELU", "RELU6", "QUANTIZE"]))
        keep = self.rng.random() < 0.5
        y = self.flow(*x.shape, like=x) if keep else self.flow(*x.shape, scale=near(self.rng, x.scale * 1.3))
        self.w.op(name, [x.tensor], [y.tensor])
        return y

    def stream(self, x: Flow) -> Flow:
        """Rows remembered from earlier runs in front of this run's: state read, extended, cut and kept."""
        kept, name = int(self.rng.integers(1, 4)), f"state/{len(self.states)}"
        shape = (x.shape[0], kept, *x.shape[2:])
        handle = self.w.tensor([], "resource")
        self.w.op("VAR_HANDLE", [], [handle], sharedName=name.encode(), container=b"")
        old = self.flow(*shape, like=x)
        self.w.op("READ_VARIABLE", [handle], [old.tensor])
        whole = self.flow(x.shape[0], kept + x.shape[1], *x.shape[2:], like=x)
        self.w.op("CONCATENATION", [old.tensor, x.tensor], [whole.tensor], axis=1)
        new = self.flow(*shape, like=x)
        words = [self.w.constant(n) for n in ([0, x.shape[1], 0, 0], list(whole.shape), [1, 1, 1, 1])]
        self.w.op("STRIDED_SLICE", [whole.tensor, *words], [new.tensor])
        self.w.op("ASSIGN_VARIABLE", [handle, new.tensor], [])
        self.states.append(new)
        return whole

    def initialize(self) -> None:
        """CALL_ONCE of a second graph that assigns every state its first content; before all else."""
        for number, state in enumerate(self.states):
            handle = self.w.tensor([], "resource", graph=1)
            data = self.rng.integers(-128, 128, state.shape)
            value = self.w.tensor(
                state.shape, scale=state.scale, zero_point=state.zero_point, data=data, graph=1
            )
            self.w.op(
                "VAR_HANDLE", [], [handle], graph=1, sharedName=f"state/{number}".encode(), container=b""
            )
            self.w.op("ASSIGN_VARIABLE", [handle, value], [], graph=1)
        self.w.op("CALL_ONCE", [], [], first=True, initSubgraphIndex=1)

    def head(self, x: Flow) -> Flow:
        """What ends a classifier: a mean or a flattening, a dense layer, perhaps softmax or logistic."""
        rng, (batch, height, width, channels) = self.rng, x.shape
        if rng.random() < 0.5:
            flat = self.flow(batch, channels, like=x)
            self.w.op("MEAN", [x.tensor, self.w.constant([1, 2])], [flat.tensor], keepDims=False)
        else:
            flat = self.flow(batch, height * width * channels, like=x)
            self.w.op("RESHAPE", [x.tensor, self.w.constant(list(flat.shape))], [flat.tensor])
        inputs, outputs = flat.shape[1], int(rng.integers(1, 12))
        y = self.flow(batch, outputs)
        weights = add_weights(
            self.w,
            rng,
            (outputs, inputs),
            inputs,
            outputs,
            0,
            (flat.scale, y.scale),
            per_axis=bool(rng.integers(2)),
        )
        self.w.op(
            "FULLY_CONNECTED", [flat.tensor, *weights], [y.tensor], fusedActivationFunction=activation(rng)
        )
        if rng.random() < 0.5:
            return y
        z = Flow(self.w.tensor(y.shape, scale=1 / 256, zero_point=-128), y.shape, 1 / 256, -128)
        name, options = ("SOFTMAX", {"beta": 1.0}) if rng.random() < 0.5 else ("LOGISTIC", {})
        self.w.op(name, [y.tensor], [z.tensor], **options)
        return z


def network(rng: Rng) -> Case:
    """A network of 3 to 7 steps, its ends in int8, uint8 or float32."""
    net = Network(rng)
    kind = str(rng.choice(["int8", "uint8", "float32"], p=[0.5, 0.25, 0.25]))
    shape = (1, *(int(n) for n in rng.integers(2, 10, 2)), int(rng.integers(1, 6)))
    given, x = _entry(net, kind, shape)
    if rng.random() < 0.25:
        x = net.stream(x)
    steps = [net.conv, net.conv, net.residual, net.residual, net.padded_conv, net.pool, net.split, net.unary]
    for _ in range(int(rng.integers(1, 6))):
        x = steps[int(rng.integers(len(steps)))](x)
    outputs = [_exit(net, str(rng.choice(["int8", kind])), net.head(x))]
    if rng.random() < 0.3:
        outputs.append(x.tensor)
    if net.states:
        net.initialize()
    data = stored(rng, shape, kind) if kind != "float32" else None
    if data is None:
        data = rng.normal(0, 60, (4, *shape)).astype(np.float32)
    return Case("network", net.w.finish([given], outputs), (data,))


def _entry(net: Network, kind: str, shape: tuple[int, ...]) -> tuple[int, Flow]:
    x = net.flow(*shape)
    if kind == "int8":
        return x.tensor, x
    given = (
        net.w.tensor(shape, "float32")
        if kind == "float32"
        else net.w.tensor(shape, kind, x.scale, x.zero_point + 128)
    )
    net.w.op("QUANTIZE", [given], [x.tensor])
    return given, x


def _exit(net: Network, kind: str, x: Flow) -> int:
    if kind == "int8":
        return x.tensor
    if kind == "float32":
        y = net.w.tensor(x.shape, "float32")
        net.w.op("DEQUANTIZE", [x.tensor], [y])
        return y
    y = net.w.tensor(x.shape, "uint8", x.scale, x.zero_point + 128)
    net.w.op("QUANTIZE", [x.tensor], [y])
    return y
