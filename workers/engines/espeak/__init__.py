"""The engine ``espeak``: espeak-ng, part of the base install."""
