"""The verifier's commands: verdicts on texts, pictures, tables of claims and vehicles; and reading codes."""
