"""Where a sentence ends, and where a long one may be divided."""
