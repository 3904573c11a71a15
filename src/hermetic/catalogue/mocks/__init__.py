"""3xx: mocks, what they hold, what they leave patched, and what nobody awaits."""
