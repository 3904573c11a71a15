"""1xx: process state, what outlives a test inside the worker."""
