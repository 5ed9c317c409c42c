"""What a register holds, in its database.

- `_database`: connections, transactions and errors. `_schema`: tables and migrations. `_opening`: how it is opened.
- `_entries`: certificates. `_events`: what happened to them. `_statements`: which statements are recorded.
- `_indices`: which index is given out next. `_vehicles`: vehicles and flags.
- `_holdings`: what the issuer's own staff see. `_lists`: what publishing reads.
"""
