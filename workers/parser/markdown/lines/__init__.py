"""Lines of Markdown: their kinds, breaks and ends; machine text without a fence."""
