"""Figure 4 of the paper: the momentum of the muons."""
