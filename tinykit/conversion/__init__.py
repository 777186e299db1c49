"""From a float Keras or TensorFlow model to a checked int8 .tflite. The only room that imports TensorFlow."""

from tinykit.conversion.pipeline import DataOptions, convert

__all__ = ["DataOptions", "convert"]
