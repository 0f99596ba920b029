"""What the tests hold the program against: quadrature, closed forms, statistics, and the set-ups for them."""
