"""Printed pages: a certificate with its QR symbol and its readable fields, as HTML and as PDF.

- `document`: the two functions that make a page.
- `_content`: what stands on it. `_layout`: where. `_html`, `_pdf`: how. `_fonts`: in which letters.
"""
