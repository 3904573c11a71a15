"""2xx: application overrides, what a test tells the app to use instead of its own dependencies."""
