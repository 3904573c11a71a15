"""One Python file, understood: parsed, its names resolved, its state changes and how they are undone."""
