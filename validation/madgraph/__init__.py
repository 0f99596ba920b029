"""Emission at fixed muon energy against samples of MadGraph5_aMC@NLO."""
