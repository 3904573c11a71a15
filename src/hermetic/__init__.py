"""hermetic keeps pytest tests isolated, and proves that its own enforcement works."""

__version__ = "0.1.0"
