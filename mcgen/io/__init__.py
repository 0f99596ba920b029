"""One module a format: files to columns and back. Knows no sampler."""
