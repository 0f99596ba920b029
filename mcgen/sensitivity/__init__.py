"""Reach: expected numbers of events in the plane of mass and coupling, and where they pass the limit."""
