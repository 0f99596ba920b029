"""Figure 3 of the paper: the normalised spectrum of the scalar."""
