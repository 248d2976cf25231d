"""Katakana for Latin words in Japanese text: frequent words of programmers, and letters of abbreviations."""

from __future__ import annotations

import functools
import re
from typing import Final

_LETTERS: Final = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム エヌ オー ピー"
        " キュー アール エス ティー ユー ブイ ダブリュー エックス ワイ ゼット".split(),
        strict=True,
    )
)

_WORDS: Final = """
add: アド | admin: アドミン | agent: エージェント | android: アンドロイド | angular: アンギュラー | app: アップ
apple: アップル | array: アレイ | async: エイシンク | auth: オース | await: アウェイト | azure: アジュール
backend: バックエンド | base: ベース | bash: バッシュ | body: ボディ | bool: ブール | boolean: ブーリアン
branch: ブランチ | buffer: バッファ | bug: バグ | build: ビルド | bun: バン | bundle: バンドル | cache: キャッシュ
call: コール | cargo: カーゴ | case: ケース | catch: キャッチ | check: チェック | checkout: チェックアウト
chrome: クローム | class: クラス | clean: クリーン | clear: クリア | client: クライアント | clone: クローン
close: クローズ | cloud: クラウド | code: コード | color: カラー | command: コマンド | commit: コミット
component: コンポーネント | compose: コンポーズ | config: コンフィグ | connect: コネクト | const: コンスト
context: コンテキスト | copy: コピー | core: コア | count: カウント | create: クリエイト | data: データ
database: データベース | date: デート | debug: デバッグ | default: デフォルト | delete: デリート | deploy: デプロイ
dev: デブ | diff: ディフ | django: ジャンゴ | docker: ドッカー | dockerfile: ドッカーファイル | docs: ドックス
dom: ドム | down: ダウン | dry: ドライ | effect: エフェクト | email: イーメール | env: エンブ | error: エラー
event: イベント | exception: エクセプション | express: エクスプレス | false: フォルス | fetch: フェッチ
field: フィールド | file: ファイル | files: ファイルズ | filter: フィルター | find: ファインド | fix: フィックス
flag: フラグ | flask: フラスク | float: フロート | force: フォース | form: フォーム | format: フォーマット
frontend: フロントエンド | function: ファンクション | get: ゲット | git: ギット | github: ギットハブ
gitlab: ギットラボ | go: ゴー | google: グーグル | gradle: グレードル | graph: グラフ | handle: ハンドル
handler: ハンドラー | header: ヘッダー | hello: ハロー | helper: ヘルパー | helpers: ヘルパーズ | home: ホーム
hook: フック | hooks: フックス | host: ホスト | image: イメージ | import: インポート | index: インデックス
init: イニット | input: インプット | insert: インサート | install: インストール | int: イント | issue: イシュー
item: アイテム | items: アイテムズ | java: ジャバ | javascript: ジャバスクリプト | jest: ジェスト | job: ジョブ
json: ジェイソン | kafka: カフカ | key: キー | kotlin: コトリン | kubectl: キューブコントロール
kubernetes: クバネティス | lambda: ラムダ | length: レングス | lib: リブ | line: ライン | lint: リント
linux: リナックス | list: リスト | load: ロード | local: ローカル | localhost: ローカルホスト | lock: ロック
log: ログ | logger: ロガー | login: ログイン | logs: ログズ | loop: ループ | macos: マックオーエス | main: メイン
make: メイク | manager: マネージャー | map: マップ | master: マスター | max: マックス | merge: マージ
message: メッセージ | migrate: マイグレート | min: ミン | mock: モック | mode: モード | model: モデル
models: モデルズ | module: モジュール | mongo: モンゴ | name: ネーム | new: ニュー | next: ネクスト
nginx: エンジンエックス | node: ノード | none: ナン | null: ヌル | number: ナンバー | numpy: ナムパイ
object: オブジェクト | open: オープン | option: オプション | options: オプションズ | output: アウトプット
package: パッケージ | page: ページ | parse: パース | parser: パーサー | password: パスワード | patch: パッチ
path: パス | pip: ピップ | pipeline: パイプライン | play: プレイ | pod: ポッド | pods: ポッズ | port: ポート
post: ポスト | postgres: ポストグレス | print: プリント | process: プロセス | production: プロダクション
promise: プロミス | prop: プロップ | props: プロップス | pull: プル | push: プッシュ | put: プット | py: パイ
pytest: パイテスト | python: パイソン | query: クエリ | queue: キュー | react: リアクト | read: リード
readme: リードミー | rebase: リベース | redis: レディス | redux: リダックス | release: リリース | remote: リモート
remove: リムーブ | render: レンダー | repo: レポ | request: リクエスト | reset: リセット | response: レスポンス
rest: レスト | result: リザルト | return: リターン | ruby: ルビー | run: ラン | rust: ラスト | save: セーブ
script: スクリプト | search: サーチ | select: セレクト | send: センド | server: サーバー | service: サービス
session: セッション | set: セット | setup: セットアップ | shell: シェル | size: サイズ | slack: スラック
sort: ソート | source: ソース | spec: スペック | spring: スプリング | src: ソース | stack: スタック
staging: ステージング | start: スタート | state: ステート | static: スタティック | status: ステータス
stop: ストップ | store: ストア | stream: ストリーム | string: ストリング | style: スタイル | submit: サブミット
swift: スウィフト | sync: シンク | system: システム | table: テーブル | tag: タグ | task: タスク | tasks: タスクス
template: テンプレート | terraform: テラフォーム | test: テスト | tests: テスツ | text: テキスト | theme: テーマ
thread: スレッド | time: タイム | timeout: タイムアウト | todo: トゥードゥー | token: トークン | tool: ツール
tools: ツールズ | true: トゥルー | type: タイプ | types: タイプス | typescript: タイプスクリプト
undefined: アンディファインド | unit: ユニット | up: アップ | update: アップデート | upload: アップロード
use: ユーズ | user: ユーザー | users: ユーザーズ | util: ユーティル | utils: ユーティルズ | validate: バリデート
value: バリュー | values: バリューズ | verbose: バーボーズ | version: バージョン | view: ビュー | vite: ヴィート
vue: ビュー | warning: ワーニング | web: ウェブ | webpack: ウェブパック | windows: ウィンドウズ | worker: ワーカー
write: ライト | yaml: ヤムル | yarn: ヤーン | zip: ジップ
"""

_ABBREVIATIONS: Final = frozenset(
    "api aws cd cli cpu css csv db dns exe ftp gpu gui html http https id ide ip js jsx jwt kb md mdx npm npx os pdf"
    " php pnpm pr rb rs sdk sh sql ssh ssl svg tcp tls toml ts tsx txt udp ui uri url ux vm xml yml".split()
)
"""Small letters that are read as letters; capitals always are."""
_LONGEST_ABBREVIATION: Final = 5

_LATIN: Final = re.compile(r"(?<![A-Za-z'])[A-Za-z]{2,}(?![A-Za-z'])")


def say_latin(text: str) -> str:
    """Replace Latin words whose katakana is known; others stay."""
    return _LATIN.sub(lambda found: _reading(found[0]), text)


@functools.lru_cache(maxsize=1024)
def _reading(word: str) -> str:
    lower = word.lower()
    known = _words().get(lower)
    if known is not None:
        return known
    is_spelled = lower in _ABBREVIATIONS or (word.isupper() and len(word) <= _LONGEST_ABBREVIATION)
    return "".join(_LETTERS[letter] for letter in word.upper()) if is_spelled else word


@functools.cache
def _words() -> dict[str, str]:
    return dict(entry.split(": ", 1) for entry in re.split(r"\n| \| ", _WORDS.strip()))
