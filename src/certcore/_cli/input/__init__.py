"""What the command is given: files, rows, tables, JSON, dates and times; read strictly and within limits."""
