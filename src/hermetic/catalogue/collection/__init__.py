"""7xx: collection and order."""
