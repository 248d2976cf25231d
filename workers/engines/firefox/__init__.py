"""The translator ``firefox``: Mozilla's translation models for processors, run by fxtranslate."""
