"""For work on the project: benches, a cluster on one machine, the rules of portable SQL. No build needs them."""
