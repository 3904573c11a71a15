"""8xx: literals that a project has rules for."""
