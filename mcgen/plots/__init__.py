"""Drawing of results, one module a kind of picture; nothing is computed here."""
