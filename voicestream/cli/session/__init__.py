"""Options, preparation and course of one session, as the commands that speak share them."""
