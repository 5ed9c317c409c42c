"""Issue certificates: one, or one for each row of a table."""
