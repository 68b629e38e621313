"""The commands of `journey` as the user sees them: options, checks of options, and what is printed."""
