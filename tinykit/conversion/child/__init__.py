"""The converter's child process: the only code that imports TensorFlow."""
