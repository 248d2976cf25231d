"""Commands about the configuration and the devices it can name."""
