from typing import Literal

def num2words(
    number: int, ordinal: bool = False, lang: str = "en", to: Literal["cardinal", "ordinal"] = "cardinal"
) -> str: ...
