"""Two samples side by side: what they must have in common, and whether they agree."""
