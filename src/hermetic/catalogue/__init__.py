"""The rules: one file each, holding everything that is known about one hazard."""
