"""How much the paper's approximation overestimates the yields."""
