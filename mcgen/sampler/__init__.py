"""From a point in the unit hypercube to an event, stage by stage, with its weight."""

from mcgen.sampler.sampler import Process, Sampler
from mcgen.sampler.training import prepare, proposal_key

__all__ = ["Process", "Sampler", "prepare", "proposal_key"]
