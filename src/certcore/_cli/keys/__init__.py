"""Key files: making them, reading them, and their permissions."""
