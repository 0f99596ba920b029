"""The muons of a run: from a file or a beam, checked, and what they are."""
