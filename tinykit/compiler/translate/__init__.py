"""From the operators of a file to layers: one function an operator, by the reference's rules."""
