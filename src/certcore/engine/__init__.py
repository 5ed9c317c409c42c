"""The decision procedure: from a question and the answers of registers to an outcome. Pure, without any I/O.

- `certificate`: was this certificate valid at that moment? `vehicle`: the same where nobody showed one.
- `_question`: what is asked, and what an answer rests on.
- `_period`, `_binding`, `_flags`: the civil days, the vehicle that was seen, the register's word on the vehicle.
"""
