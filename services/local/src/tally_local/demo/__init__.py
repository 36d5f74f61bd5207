"""`tally demo`: a shop's week, or a file of orders, from HTTP to reconciled daily sales."""
