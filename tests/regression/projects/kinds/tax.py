"""What a shop has to pay."""

RATE = 7
