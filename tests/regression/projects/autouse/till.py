"""What a shop has taken in, and in which currency."""

TAKEN = []
CURRENCY = []
