"""Secrets: what is never spoken, however it is written, and what looks like one and must be."""

from __future__ import annotations

from typing import Final

import pytest

from helpers.project.parsing import message, parse, partial, spoken

KEY: Final = "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"

HIDDEN: Final = (
    # Rows: beside its name, below its name, in marks, with box drawing, the last of a message.
    ("| DB_PASSWORD | hunter2x |", "hunter2x"),
    ("| DB_PASSWORD | hunter2 |", "hunter2"),
    ("| Name | Value |\n|---|---|\n| DB_PASSWORD | hunter2 |", "hunter2"),
    ("| User | Password |\n|---|---|\n| bob | hunter22 |", "hunter22"),
    ("| Setting | Value | Note |\n|---|---|---|\n| api_key | a1b2c3d4e5 | old |", "a1b2c3d4e5"),
    ("| **Password** | `hunter2x9` |", "hunter2x9"),
    ("| PASSWORD | `hunt`er2x9 |", "er2x9"),
    ("│ SECRET_KEY │ q9w8e7r6t5 │", "q9w8e7r6t5"),
    ("| token | abc123def456ghi |", "abc123def456ghi"),
    (f"| API key | {KEY} |", "AbCdEf"),
    # Split by marks, entities and characters that nobody sees.
    ("**sk-**ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789 is it.", "AbCdEf"),
    ("It is **sk-ant-api03-AbCdEf**GhIjKlMnOpQrStUvWxYz0123456789.", "AbCdEf"),
    ("It is sk-ant-api03-`AbCdEfGhIjKlMnOpQrStUvWxYz0123456789` now.", "AbCdEf"),
    ("**Password:** hunter2x9", "hunter2x9"),
    ("**Password**: *hunter2x9*", "hunter2x9"),
    ("Password: ~~hunter2x9~~ gone", "hunter2x9"),
    ("password&#58; hunter2x9", "hunter2x9"),
    ("pass\u200bword: hunter2x9", "hunter2x9"),
    ("password: hun\u200bter2x9", "ter2x9"),
    ("password\\: hunter2x9", "hunter2x9"),
    ("<b>password:</b> hunter2x9", "hunter2x9"),
    # Code spans, headings, links, items, quotes.
    (f"The key `{KEY}` works.", "AbCdEf"),
    ("password: `hunter2x9`", "hunter2x9"),
    ("# Password: hunter2x9", "hunter2x9"),
    (f"## Token {KEY}", "AbCdEf"),
    (f"# API key\n\n{KEY}", "AbCdEf"),
    (f"See [{KEY}](http://a.b).", "AbCdEf"),
    ("See [the key](https://a.b/?token=abc123def456).", "abc123def456"),
    ("Clone https://bob:hunter2x9@github.com/a/b now.", "hunter2x9"),
    ("postgres://app:hunter2x9@db.local/main is used.", "hunter2x9"),
    ("- password: hunter2x9", "hunter2x9"),
    ("> password: hunter2x9", "hunter2x9"),
    ("Password:\n\nhunter2x9", "hunter2x9"),
    ("The password is `hunter2x9`.", "hunter2x9"),
    ("- **API key** — `abc123def456ghi789`", "abc123def456ghi789"),
    ("The password is:\nhunter2x9", "hunter2x9"),
    # As programs write them.
    ("1. API_KEY=abc123def456", "abc123def456"),
    ("export API_KEY=abc123def456", "abc123def456"),
    ("run --password hunter2x9 now", "hunter2x9"),
    ("Authorization: Bearer abc123def456ghi", "abc123def456ghi"),
    ('{"password": "hunter2x9"} is it.', "hunter2x9"),
    ("SECRET_KEY = 'q9w8e7r6t5y4'", "q9w8e7r6t5y4"),
    # In other languages.
    ("Das Passwort: hunter2x9", "hunter2x9"),
    ("パスワード：hunter2x9", "hunter2x9"),
    ("密码: hunter2x9", "hunter2x9"),
    ("contraseña: hunter2x9", "hunter2x9"),
    ("mot de passe : hunter2x9", "hunter2x9"),
)

SPOKEN: Final = (
    ("The password must have 8 characters.", "must have 8 characters"),
    ("Password: required", "required"),
    ("| Password | required |", "required"),
    ("| Field | Rule |\n|---|---|\n| password | at least 12 characters |", "at least 12 characters"),
    ("| Tokens | 1500 |", "1500"),
    ("| Key | Value |\n|---|---|\n| name | Bob |", "Bob"),
    ("| Primary key | id |", "Primary key: id"),
    ("| key | user_id |", "user id"),
    ("The token count is 1500.", "1500"),
    ("Max tokens: 4096", "4096"),
    ("The password is `required`.", "required"),
    ("The secret is `my-kubernetes-secret`.", "kubernetes"),
    ("The token `tok2_name` is read.", "tok2 name"),
    ("The API key is `API_KEY_2`.", "api key 2"),
    ("The new token is:\nUse it with care.", "Use it with care"),
    ("The access token expires in 3600 seconds.", "3600 seconds"),
    ("Press the key F12 now.", "F12"),
    ("The secret is out.", "out"),
    ("password: <your password>", "your"),
    ("See docs/auth.md:42 for tokens.", "auth.md line 42"),
    ("The keyboard shortcut is Ctrl+K.", "Ctrl+K"),
    ("token: string", "string"),
    ("secret: true", "true"),
    ("Use sha256 tokens of RFC6749.", "sha256 tokens of RFC6749"),
    ("password: see 1Password", "1Password"),
    ("The commit is a1b2c3d4e5f6.", "a1b2c3d"),
    ("The token is read from settings.SECRET.", "settings.SECRET"),
    ("The sk- prefix is common.", "sk- prefix"),
    ("The token parser handles `foo_bar`.", "foo bar"),
)


@pytest.mark.parametrize(("text", "secret"), HIDDEN)
def test_a_secret_is_not_spoken_however_it_is_written(text: str, secret: str) -> None:
    for said in (
        spoken(parse(message(text))),
        spoken(parse(partial(text[at : at + 3] for at in range(0, len(text), 3)))),
    ):
        assert said
        assert secret.lower() not in " ".join(said).lower()


@pytest.mark.parametrize(("text", "words"), SPOKEN)
def test_what_only_looks_like_a_secret_is_spoken(text: str, words: str) -> None:
    assert words in " ".join(spoken(parse(message(text))))
