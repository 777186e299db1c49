"""Names behind the numbers in a file: operators, and the enumerations in their options."""

from __future__ import annotations

from tinykit.graph import schema_table


def builtin_name(code: int) -> str | None:
    """The name of the builtin operator with this number (``CONV_2D``), None where the schema has none."""
    return schema_table.OPERATORS[code] if 0 <= code < len(schema_table.OPERATORS) else None


def enumeration_name(enumeration: str, value: int) -> str:
    """The name of a member, as in ``enumeration_name("Padding", 0) == "SAME"``.

    ``enumeration`` is ``Padding``, ``Activation``, ``TensorType``, ``MirrorPadMode``, ``WeightsFormat``,
    ``LstmKernel``, ``Combiner`` or ``LshProjection``. Raises ``KeyError`` for another one and
    ``IndexError`` for a number that it does not have; options of a ``Graph`` never hold such a number.
    """
    if value < 0:
        raise IndexError(value)
    return schema_table.ENUMERATIONS[enumeration][value]


def padding_name(value: int) -> str:
    """``SAME`` or ``VALID``."""
    return enumeration_name("Padding", value)


def activation_name(value: int) -> str:
    """``NONE``, ``RELU``, ``RELU6``, ...: the function that is fused into an operator."""
    return enumeration_name("Activation", value)


def tensor_type_name(value: int) -> str:
    """A tensor type as ``Tensor.dtype`` writes it: ``int8``, ``float32``, ..."""
    return enumeration_name("TensorType", value).lower()
