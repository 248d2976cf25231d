"""The table `[remote]` of the user's file: hosts that run engines."""
