"""Prove a repository's enforcement: plant violations in a scratch copy, and see who stops them."""
