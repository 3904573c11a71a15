"""6xx: global state of the code under test."""
