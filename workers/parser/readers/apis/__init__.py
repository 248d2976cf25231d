"""Readers of model providers' API responses, streamed or whole."""
