"""The issuer's register: change it, search it, publish it, and serve it."""
