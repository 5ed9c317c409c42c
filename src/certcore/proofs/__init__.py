"""Proof that a certificate existed by a certain time: RFC 3161 time-stamps, register receipts, own seals.

- `existence`: the kinds of proof, and what they prove together.
- `timestamps`: RFC 3161 tokens. `receipts`: a register's signed statement.
"""
