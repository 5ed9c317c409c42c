"""A service that a claim system asks about inspection certificates, with a page for the people at the desk."""
