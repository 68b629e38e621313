"""Customer lifetime value: BG/NBD for how often customers buy, Gamma-Gamma for what a purchase day is worth.

Both are fitted by maximum likelihood, without a penalty, on groups of customers with equal statistics.
"""
