"""Proof that a certificate existed by a certain time: RFC 3161 time-stamps, register receipts, own seals.

- `existence`: which kinds of proof there are, and what they prove together.
- `timestamps`: RFC 3161 tokens. `receipts`: a register's signed word.
"""
