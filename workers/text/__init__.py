"""Text handling that more than one worker needs."""
