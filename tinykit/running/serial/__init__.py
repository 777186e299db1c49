"""Boards on a serial port: opening it, bytes, exchanges, and the two dialects of what may be there."""
