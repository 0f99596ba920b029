"""A flux made from protons: collisions by Pythia, everything else here.

One module knows Pythia, `generator`; the others are functions of arrays and of a stream of random numbers.
"""
