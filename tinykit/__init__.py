"""tinykit: from a trained model to a microcontroller, to a joule with an uncertainty, to a decision.

Importing this package is cheap: it brings in neither NumPy nor TensorFlow.
"""

__version__ = "0.1.0.dev0"
