"""One module a format: files to columns and back. Knows neither physics nor sampler."""
