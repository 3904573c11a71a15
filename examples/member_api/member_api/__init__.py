"""A service for members, their consents, and a report about them."""
