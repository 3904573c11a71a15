"""One test in, findings out: what it left changed, and where."""
