"""Customer lifetime value: MBG/NBD or BG/NBD for how often customers buy, Gamma-Gamma for what a purchase day is worth.

All are fitted by maximum likelihood, without a penalty, on groups of customers with equal statistics.
"""
