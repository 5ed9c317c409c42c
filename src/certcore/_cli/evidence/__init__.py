"""The evidence of verdicts: shown, replayed, reassessed, and reported to an auditor."""
