"""From what an agent writes to what a person would say."""
