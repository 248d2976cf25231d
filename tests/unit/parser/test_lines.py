"""Lines without marks, whatever they open, give the same sentences however the text is cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.project.parsing import message, parse, partial, spoken

LINES = st.sampled_from(
    [
        *r"""Status: done
!!! warning "Be careful"
??? note
1.1. Setup
: second
> [!NOTE]
!ok
?
==open
INFO:root:Starting
INFO 2026-01-02 03:04:05 x
Oct 03 14:22:01 myhost kernel: oops
  ⎿  Read 10 lines
⏺ I will read
note: run with `RUST_BACKTRACE=1`
+++
x = "y"
Hi.</b><a>Ask
Is a<b or c>d
See Fig. A and p. IV
L'ing. Verdi
MM. Durand
Fixed.**Next:** it
**Files:** 3
name: x
Step 2: save it
The tests pass
and it goes on
which is of
📦 Bumped
→ run it
-> next
=> done
src/a.ts (+12, -3)
`b.ts` is new
☐ write
☑ add
A. Keep
B. Drop
**C.** Ask
i. read
ii. fix
(1) Open
（2）保存
1、打开
① 打开
一、准备
第一步：登录
首先，打开文件
設定を開いて
먼저 파일을
افتح الملف
修复完成🎉接下来
    at f (/a.js:1:2)
    return 1
    x
2026-10-03T14:22:01Z INFO go
12:30:45 WARN slow
Oct  3 14:22:01 host sshd[1]: x
├── src/
|-- src
  --> a.rs:4:2
 4 |   x
   |   ^
Traceback (most recent call last):
  File "a.py", line 3, in f
ValueError: x
---
title: x
`★ Insight ─────`
──── Title ────
`─────`
:::warning
:::tip Save time
:::
> [!TIP] Save
> [!WARNING]
> Use it
: A store
<answer>
</answer>
<tool_call>
</tool_call>
Hi.<|im_end|>
- item
1. item
   more
==First. Second.==
[[a|b]] and
I see [3, 4].
$a - b$ and
Er sagte z. B. das
See p. II and
# Head
```""".split("\n"),
        "",
        "\treturn 1",
    ]
)


@settings(max_examples=300)
@given(lines=st.lists(LINES, min_size=1, max_size=7), size=st.integers(1, 30))
def test_lines_give_the_same_sentences_however_they_are_cut(lines: list[str], size: int) -> None:
    text = "\n".join(lines)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert spoken(parse(partial(pieces))) == spoken(parse(message(text)))
