"""Draw a certificate as a code, and print it on a page."""
