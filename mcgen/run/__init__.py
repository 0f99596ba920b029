"""Runs: from a card to a file, whoever draws the chunks."""
