"""Key files: made, read, and who may read them."""
