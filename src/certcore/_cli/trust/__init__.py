"""Trust lists and root sets: drafted, signed, shown, imported and fetched."""
