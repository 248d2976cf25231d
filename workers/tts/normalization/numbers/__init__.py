"""Numbers in words: cardinals, ordinals, inflection and gender, by language."""
