"""A .tflite file as typed, checked data: reader, operators, MACs, the memory planner. No TensorFlow."""
