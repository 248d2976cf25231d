"""Diagnosis of an installation: findings about Python, sound, engines, models and the supervisor."""
