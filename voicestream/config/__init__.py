"""Configuration: file, engine settings, languages, formats, devices and directories."""
