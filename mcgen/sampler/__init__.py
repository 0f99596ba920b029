"""From a point in the unit hypercube to an event, stage by stage, with its weight."""
