"""A certificate drawn as a code and printed on a page."""
