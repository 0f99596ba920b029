"""Figure 5 of the paper: the angle of the muons."""
