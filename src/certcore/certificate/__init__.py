"""What a certificate is made of: the table of its claims, their values, their names for people, sealed fields.

`certcore.payload` puts these together: it is where a certificate is encoded and decoded.
"""
