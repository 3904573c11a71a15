"""9xx: the enforcement itself."""
