"""From a checked graph to C99: passes, kernel choice, memory, emitters. Needs no TensorFlow and no
compiler.
"""
