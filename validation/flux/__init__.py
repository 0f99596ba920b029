"""The embedded muon samples."""
