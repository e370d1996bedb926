"""Documents to formulas with positions to syntax trees. No meaning in here."""
