"""Where a network looked, and what shows whether that can be believed."""
