"""What is not done yet, and what to do about it next: pure decisions, no socket, clock or process."""
