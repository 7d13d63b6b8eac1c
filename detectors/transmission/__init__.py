"""How stress travels: the loop that feeds itself, and the spill-over to foreign share markets."""
