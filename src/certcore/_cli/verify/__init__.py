"""What a verifier asks: verdicts on texts, pictures, tables of claims and vehicles; and what codes hold."""
