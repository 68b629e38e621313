"""Customer lifetime value: MBG/NBD or BG/NBD for purchase frequency, Gamma-Gamma for the value of a purchase day.

For subscriptions, sBG gives the lifetime. All models are fitted by maximum likelihood, without a penalty, on groups of
customers or subscriptions with equal statistics.
"""
