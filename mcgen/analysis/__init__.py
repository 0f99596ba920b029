"""What events are worth: yields with errors, other couplings, cross-sections."""
