"""Claims of mcgen, each with a script, its numbers and what they are compared with."""
