"""Trust lists and root sets: draft, sign, show, import and fetch them."""
