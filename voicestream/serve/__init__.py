"""Speech and translation server for a team: ``voicestream serve``, with engines as deployments of Ray Serve.

Only ``deployments`` and ``cluster`` import Ray; all else runs, and is tested, without it.
"""
