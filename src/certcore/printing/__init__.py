"""Printed pages: a certificate with its QR symbol and its readable fields, as HTML and as PDF.

- `document`: the two functions that make a page.
- `_content`: the text of the page. `_layout`: the places. `_html`, `_pdf`: the formats. `_fonts`: the fonts.
"""
