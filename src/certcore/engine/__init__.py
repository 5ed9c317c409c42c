"""The decision procedure: from a question and the answers of registers to an outcome. Pure, without any I/O.

- `certificate`: was this certificate valid at that moment? `vehicle`: the same for a vehicle without a certificate.
- `_question`: the question, and the sources of an answer.
- `_moment`: what is the same for every certificate of an issuer, at one moment.
- `_period`, `_binding`, `_flags`: the civil days, the vehicle that was seen, the register's answer about the vehicle.
"""
