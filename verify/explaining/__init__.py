"""What to say of a judgement: which mistake, the repaired line, the smallest witness."""
