"""How a boson comes about."""
