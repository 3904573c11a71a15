"""A whole suite, run many times in parts: which test changes what another one needs."""
