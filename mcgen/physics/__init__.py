"""Physics as pure functions of floats and arrays: no card, no generator, no file."""
