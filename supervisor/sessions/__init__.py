"""Sessions: admission, requirements, input log, and detached sessions."""
