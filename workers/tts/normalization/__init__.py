"""What a neural voice is given to say: words, and nothing but words."""
