"""Tags: which are HTML or speech markup, which hide their content, and which stand for a name."""

from __future__ import annotations

import re
from typing import Final

from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.word_set import word_set

BLOCKS: Final = word_set(
    """
    address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hr li main menu nav ol optgroup option p section summary table tbody td tfoot
    th thead tr ul
    """
)
"""Elements at which a line ends where they are shown."""

_KNOWN: Final = BLOCKS | word_set(
    """
    a abbr audio b bdi bdo big body button canvas caption cite code col colgroup data datalist del dfn em embed
    font head html i iframe img input ins kbd label legend link map mark math meta meter noscript object output
    param picture pre progress q rp rt ruby s samp script select slot small source span strike strong style sub
    sup svg template textarea time title track tt u var video wbr path g rect circle
    speak prosody break emphasis say-as phoneme voice lang audio par seq
    """
)
"""Elements of HTML and of SSML."""

_SILENT: Final = word_set(
    """
    think thinking thought thoughts reasoning scratchpad reflection inner_monologue script style pre svg
    tool_call tool_calls tool_use tool_code tool_result tool_results tool_response tool_outputs function_call
    function_calls function_results function_response function invoke system-reminder
    antml:thinking antml:function_calls antml:invoke antml:reasoning
    """
)
"""Elements whose content is not for a person."""
SILENT_PATTERN: Final = "|".join(sorted(map(re.escape, _SILENT), key=len, reverse=True))

CONTROL: Final = lazy_regex(
    r"<[|｜](?:im_start[|｜]>(?:\w+)?|start_header_id[|｜]>\w*<[|｜]end_header_id[|｜]>|[^|｜<>\s]{1,60}[|｜]>)"
    r"|</?s>|<(?:bos|eos|pad|unk|end_of_turn|end_of_text)>|<start_of_turn>(?:\w+)?|\[/?INST\]|<</?SYS>>"
)
"""Control tokens of chat templates, with the role that follows some."""


_BOOLEAN: Final = word_set(
    """
    open disabled checked selected async defer controls autoplay loop muted hidden required readonly multiple reversed
    allowfullscreen nowrap noshade
    """
)
"""Attributes without a value."""


def has_attributes(attributes: str) -> bool:
    """Return whether the text behind the name of a tag is attributes; in ``x<b or c>y`` it is not."""
    return "=" in attributes or all(word.lower() in _BOOLEAN for word in attributes.strip("/ ").split())


def is_known(name: str) -> bool:
    """Return whether a name is one of HTML or SSML, which are written small; old HTML is all in capitals."""
    if name in _KNOWN:
        return True
    return len(name) > 1 and name.isupper() and name.lower() in _KNOWN


def ends_line(name: str) -> bool:
    """Return whether a line ends at a tag of this name."""
    return is_known(name) and name.lower() in BLOCKS


def is_silent(name: str) -> bool:
    """Return whether what an element of this name holds is not spoken."""
    return name.lower() in _SILENT
