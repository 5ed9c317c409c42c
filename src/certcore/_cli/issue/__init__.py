"""Certificates issued, one or a table of them."""
