"""The particles of a run: from a file or a beam, checked, in groups, and what they are."""
