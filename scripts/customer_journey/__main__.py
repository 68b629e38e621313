"""`python -m customer_journey` is `journey`."""

from customer_journey.cli import main

main()
