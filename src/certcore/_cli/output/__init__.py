"""What the command answers: its formats, verdicts and errors in words, and the terminal."""
