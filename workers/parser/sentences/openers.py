"""Sentence openers: words that begin a sentence when they are capitalized, by language.

They tell an initial from the end of a sentence ("J. Smith", "plan B. The tests pass") and a missing space from a name
of code ("now.Let me", "System.Out").
"""

from __future__ import annotations

from typing import Final

from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.word_set import word_set

ENGLISH: Final = word_set(
    """
    a about above according actually additionally after again all also although always an and another any anyway are
    as at based because before below besides both but by can check clearly consider could currently creating did do
    does done don't during each either even every everything exactly excellent finally first fixed fixing for found
    from generally given good got great had has have he hence her here here's his how however i i'd i'll i'm i've if
    in indeed installing instead interesting is isn't it it'll it's its just last let let's likely looking looks
    make many maybe meanwhile moreover most much my near neither nevertheless new next no nobody none nor not note
    nothing now of oh ok okay on once one only or other otherwise our over overall perfect perhaps please previously
    probably reading regarding right running same second see several shall she should similarly since so some
    something sometimes soon still such sure testing thanks that that's the their them then there there's therefore
    these they they'll they're third this those though through thus to today together too two under unfortunately
    unless until updating use usually using very wait was we we'll we're we've well were what what's when where
    whether which while who whose why will with within without would writing yes yet you you'll you're you've your
    """
)
AFTER_A_NAME: Final = word_set(
    """
    but here here's i i'd i'll i'm i've it it's let let's my next now so that that's the then there there's these
    they this we we'll we're we've you you'll you're your ich das die der wir jetzt je il nous maintenant
    """
)
"""Those that are no method or part of a name either: "Done.Let me", and not "Promise.All"."""
_OTHERS: Final = word_set(
    """
    aber alle alles als also auch auf aus außerdem bei bis bitte da dabei dafür damit danach dann daran darum das
    dass davon dazu dem den der deshalb des die dies diese dieser dieses doch du durch ein eine einem einen einer er
    erst es für hier ich ihr im in ist ja jede jeder jetzt kein keine man mein mit nach nein nicht noch nun nur ob
    oder ohne schließlich sein seit sie so sobald sonst über um und unser unter viele vom von vor wann warum was
    weil wenn wer wie wir wird wo zu zudem zuerst zum zur zwar alors après au aussi aux avant avec c'est ce cela
    celle celui ces cet cette comme d'abord dans de depuis des donc elle elles en encore enfin ensuite est et il ils
    j'ai je jusqu'à l'erreur la le les leur lors lorsque lui mais maintenant ne non nos notre nous on or ou oui par
    parce parfois pendant peut plus pour pourquoi puis quand que quel quelle qui sans si son sous sur tous tout
    toute toutes très un une vers voici voilà vos votre vous ahora al algunas algunos antes así aunque como con
    cuando de del desde después donde dos el ella ellas ello ellos en entonces entre era es esa ese eso esta estas
    este esto estos está están finalmente fue hasta hay he la las le lo los luego me mi mientras muy más ni no nos
    nosotros nuestra nuestro o otra otro para pero por porque primero pues que quien se según ser si sin sobre solo
    son su sus sí también tal todas todo todos tras tu un una unas uno unos usted y ya yo adesso allora anche ancora
    bene c'è che chi ci come con così cosa da dal dalla dei del della di dopo dove due e ecco era essa esso fra gli
    ha hai ho i il in infine inoltre invece io l'errore la le lei lo lui ma mentre nel nella noi non ogni ora per
    perché però poi prima qual quale quando quella quello questa queste questi questo qui se sebbene si sono sta su
    suo tra tu tutti tutto un una uno è agora ainda antes ao apesar aqui as assim até com como da das de depois do
    dos e ela elas ele eles em enquanto então entre era essa esse esta este eu foi há isso isto já mas mesmo muito
    na nas no nos nossa nosso não nós o os ou para pela pelo por porque portanto primeiro qual quando que quem se
    sem sim sobre sua também tem todas todos tudo um uma você vocês à é alle als dan daarna daarom dat de deze die
    dit door een en er eerst het hier hij hoe ik in is je maar met na niet nog nu of om omdat ook op toen tot u uit
    van volgens voor waar wanneer want was wat we wel wie wij ze zij zo zonder ale bo był była było by czy dla
    dlatego dlaczego do gdy gdzie i ich jak jego jej jest jeśli już kiedy kto który która lecz lub ma mamy mnie może
    na nad nie niestety o od on ona oni ono oraz po pod ponieważ potem przed przez przy są się tak także tam te ten
    teraz to tu tylko w wszystko więc z za zatem ze że а без был была были было в вам вас ведь весь вот все всё вы
    где да даже для до его ее если есть ещё еще же за здесь и из или им их к как какой когда который кто ли мы на
    над нас не нет но ну о об он она они оно от по под пока после потом потому при про с сейчас сначала со так также
    там теперь то тогда только тут ты у уже чем что чтобы эта эти это этот я
    """
)
OPENERS: Final = ENGLISH | _OTHERS
"""Of all languages together."""

LONGEST: Final = 24
"""Characters of a word that are read at most."""

_WORD: Final = lazy_regex(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def first_word(text: str, *, final: bool) -> str | None:
    """The first word of a text, "" when it begins with none; None: more of the text is needed."""
    found = _WORD.match(text)
    if found is None:
        return "" if text or final else None
    is_whole = final or found.end() + 1 < len(text) or found.end() >= LONGEST
    return found[0] if is_whole else None


def is_opener(word: str) -> bool:
    """Return whether a capitalized word opens a sentence."""
    low = word.lower().replace("’", "'")
    return word[:1].isupper() and (low in OPENERS or low.partition("'")[0] in OPENERS)
