"""Files of events: columns in, columns out; no physics and no sampling here."""
