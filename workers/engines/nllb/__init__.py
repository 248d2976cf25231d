"""NLLB-200, run by transformers or by CTranslate2."""
