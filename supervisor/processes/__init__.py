"""Worker processes: started, watched, restarted by policy, shut down by steps."""
