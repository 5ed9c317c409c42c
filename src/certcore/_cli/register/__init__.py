"""The issuer's register: written to, looked into, published and served."""
