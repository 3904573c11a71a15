"""5xx: shared resources, what two workers can both touch."""
