"""Figure 6 of the paper: momentum and angle of the muons."""
