"""Language table: one language a line, with the codes that the engines use; ``languages.py`` reads it.

Columns, with ``-`` where there is none:

- BCP-47 tag. A row with a region stands after the row of its language, and only where the region changes something.
- FLORES-200 code, as NLLB-200 takes it: all 202 of its tokenizer.
- XTTS v2 code: all 17 of the model.
- espeak-ng voice, as ``espeak_SetVoiceByName`` takes it (espeak-ng 1.52), where ``en`` is British.
- Apertium code, as it stands in the names of mode files.
- English name.
"""

from __future__ import annotations

from typing import Final

TABLE: Final = """\
ace       ace_Latn  -      -       -    Acehnese
ace-Arab  ace_Arab  -      -       -    Acehnese (Arabic script)
acm       acm_Arab  ar     ar      -    Arabic (Mesopotamian)
acq       acq_Arab  ar     ar      -    Arabic (Ta'izzi-Adeni)
aeb       aeb_Arab  ar     ar      -    Arabic (Tunisian)
af        afr_Latn  -      af      afr  Afrikaans
ajp       ajp_Arab  ar     ar      -    Arabic (South Levantine)
ak        aka_Latn  -      -       -    Akan
am        amh_Ethi  -      am      -    Amharic
an        -         -      an      arg  Aragonese
apc       apc_Arab  ar     ar      -    Arabic (North Levantine)
ar        arb_Arab  ar     ar      ara  Arabic
ars       ars_Arab  ar     ar      -    Arabic (Najdi)
ary       ary_Arab  ar     ar      -    Arabic (Moroccan)
arz       arz_Arab  ar     ar      -    Arabic (Egyptian)
as        asm_Beng  -      as      -    Assamese
ast       ast_Latn  -      -       ast  Asturian
awa       awa_Deva  -      -       -    Awadhi
ay        ayr_Latn  -      -       -    Aymara
az        azj_Latn  -      az      -    Azerbaijani
azb       azb_Arab  -      -       -    Azerbaijani (South)
ba        bak_Cyrl  -      ba      bak  Bashkir
ban       ban_Latn  -      -       -    Balinese
be        bel_Cyrl  -      be      bel  Belarusian
bem       bem_Latn  -      -       -    Bemba
bg        bul_Cyrl  -      bg      bul  Bulgarian
bho       bho_Deva  -      -       -    Bhojpuri
bjn       bjn_Latn  -      -       -    Banjar
bjn-Arab  bjn_Arab  -      -       -    Banjar (Arabic script)
bm        bam_Latn  -      -       -    Bambara
bn        ben_Beng  -      bn      ben  Bengali
bo        bod_Tibt  -      -       -    Tibetan
bpy       -         -      bpy     -    Bishnupriya Manipuri
br        -         -      -       bre  Breton
bs        bos_Latn  -      bs      hbs  Bosnian
bug       bug_Latn  -      -       -    Buginese
ca        cat_Latn  -      ca      cat  Catalan
ceb       ceb_Latn  -      -       -    Cebuano
cjk       cjk_Latn  -      -       -    Chokwe
ckb       ckb_Arab  -      -       -    Kurdish (Central)
crh       crh_Latn  -      -       crh  Crimean Tatar
cs        ces_Latn  cs     cs      ces  Czech
cv        -         -      cv      chv  Chuvash
cy        cym_Latn  -      cy      cym  Welsh
da        dan_Latn  -      da      dan  Danish
de        deu_Latn  de     de      deu  German
dik       dik_Latn  -      -       -    Dinka (Southwestern)
dyu       dyu_Latn  -      -       -    Dyula
dz        dzo_Tibt  -      -       -    Dzongkha
ee        ewe_Latn  -      -       -    Ewe
el        ell_Grek  -      el      ell  Greek
en        eng_Latn  en     en-us   eng  English
en-029    eng_Latn  en     en-029  eng  English (Caribbean)
en-GB     eng_Latn  en     en      eng  English (United Kingdom)
en-US     eng_Latn  en     en-us   eng  English (United States)
eo        epo_Latn  -      eo      epo  Esperanto
es        spa_Latn  es     es      spa  Spanish
es-419    spa_Latn  es     es-419  spa  Spanish (Latin America)
et        est_Latn  -      et      est  Estonian
eu        eus_Latn  -      eu      eus  Basque
fa        pes_Arab  -      fa      pes  Persian
ff        fuv_Latn  -      -       -    Fulfulde (Nigerian)
fi        fin_Latn  -      fi      fin  Finnish
fj        fij_Latn  -      -       -    Fijian
fo        fao_Latn  -      fo      fao  Faroese
fon       fon_Latn  -      -       -    Fon
fr        fra_Latn  fr     fr      fra  French
fr-BE     fra_Latn  fr     fr-be   fra  French (Belgium)
fr-CH     fra_Latn  fr     fr-ch   fra  French (Switzerland)
fur       fur_Latn  -      -       -    Friulian
ga        gle_Latn  -      ga      gle  Irish
gd        gla_Latn  -      gd      gla  Scottish Gaelic
gl        glg_Latn  -      -       glg  Galician
gn        grn_Latn  -      gn      -    Guarani
gu        guj_Gujr  -      gu      -    Gujarati
ha        hau_Latn  -      -       -    Hausa
hak       -         -      hak     -    Hakka Chinese
haw       -         -      haw     -    Hawaiian
he        heb_Hebr  -      he      -    Hebrew
hi        hin_Deva  hi     hi      hin  Hindi
hne       hne_Deva  -      -       -    Chhattisgarhi
hr        hrv_Latn  -      hr      hbs  Croatian
ht        hat_Latn  -      ht      -    Haitian Creole
hu        hun_Latn  hu     hu      -    Hungarian
hy        hye_Armn  -      hy      -    Armenian
hyw       -         -      hyw     -    Armenian (Western)
ia        -         -      ia      -    Interlingua
id        ind_Latn  -      id      ind  Indonesian
ig        ibo_Latn  -      -       -    Igbo
ilo       ilo_Latn  -      -       -    Ilocano
io        -         -      io      -    Ido
is        isl_Latn  -      is      isl  Icelandic
it        ita_Latn  it     it      ita  Italian
ja        jpn_Jpan  ja     ja      -    Japanese
jv        jav_Latn  -      -       -    Javanese
ka        kat_Geor  -      ka      -    Georgian
kaa       -         -      kaa     kaa  Karakalpak
kab       kab_Latn  -      -       -    Kabyle
kac       kac_Latn  -      -       -    Jingpho
kam       kam_Latn  -      -       -    Kamba
kbp       kbp_Latn  -      -       -    Kabiye
kea       kea_Latn  -      -       -    Kabuverdianu
kg        kon_Latn  -      -       -    Kongo
ki        kik_Latn  -      -       -    Kikuyu
kk        kaz_Cyrl  -      kk      kaz  Kazakh
kl        -         -      kl      -    Greenlandic
km        khm_Khmr  -      -       -    Khmer
kmb       kmb_Latn  -      -       -    Kimbundu
kn        kan_Knda  -      kn      -    Kannada
knc       knc_Latn  -      -       -    Kanuri (Central)
knc-Arab  knc_Arab  -      -       -    Kanuri (Central, Arabic script)
ko        kor_Hang  ko     ko      -    Korean
kok       -         -      kok     -    Konkani
ks        kas_Arab  -      -       -    Kashmiri
ks-Deva   kas_Deva  -      -       -    Kashmiri (Devanagari script)
ku        kmr_Latn  -      ku      kmr  Kurdish (Northern)
ky        kir_Cyrl  -      ky      kir  Kyrgyz
la        -         -      la      -    Latin
lb        ltz_Latn  -      lb      -    Luxembourgish
lg        lug_Latn  -      -       -    Ganda
li        lim_Latn  -      -       -    Limburgish
lij       lij_Latn  -      -       -    Ligurian
lmo       lmo_Latn  -      -       -    Lombard
ln        lin_Latn  -      -       -    Lingala
lo        lao_Laoo  -      -       -    Lao
lt        lit_Latn  -      lt      lit  Lithuanian
ltg       ltg_Latn  -      ltg     -    Latgalian
lua       lua_Latn  -      -       -    Luba-Kasai
luo       luo_Latn  -      -       -    Luo
lus       lus_Latn  -      -       -    Mizo
lv        lvs_Latn  -      lv      lvs  Latvian
mag       mag_Deva  -      -       -    Magahi
mai       mai_Deva  -      -       -    Maithili
mg        plt_Latn  -      -       -    Malagasy
mi        mri_Latn  -      mi      -    Maori
min       min_Latn  -      -       -    Minangkabau
mk        mkd_Cyrl  -      mk      mkd  Macedonian
ml        mal_Mlym  -      ml      -    Malayalam
mn        khk_Cyrl  -      -       khk  Mongolian
mni       mni_Beng  -      -       -    Manipuri
mos       mos_Latn  -      -       -    Mossi
mr        mar_Deva  -      mr      mar  Marathi
ms        zsm_Latn  -      ms      zlm  Malay
mt        mlt_Latn  -      mt      mlt  Maltese
my        mya_Mymr  -      my      -    Burmese
nb        nob_Latn  -      nb      nob  Norwegian Bokmål
ne        npi_Deva  -      ne      -    Nepali
nl        nld_Latn  nl     nl      nld  Dutch
nn        nno_Latn  -      nb      nno  Norwegian Nynorsk
nog       -         -      nog     nog  Nogai
nso       nso_Latn  -      -       -    Northern Sotho
nus       nus_Latn  -      -       -    Nuer
ny        nya_Latn  -      -       -    Nyanja
oc        oci_Latn  -      -       oci  Occitan
om        gaz_Latn  -      om      -    Oromo
or        ory_Orya  -      or      -    Odia
pa        pan_Guru  -      pa      -    Punjabi
pag       pag_Latn  -      -       -    Pangasinan
pap       pap_Latn  -      pap     -    Papiamento
pl        pol_Latn  pl     pl      pol  Polish
prs       prs_Arab  -      fa      -    Dari
ps        pbt_Arab  -      -       -    Pashto
pt        por_Latn  pt     pt      por  Portuguese
pt-BR     por_Latn  pt     pt-br   por  Portuguese (Brazil)
qu        quy_Latn  -      qu      -    Quechua
rn        run_Latn  -      -       -    Rundi
ro        ron_Latn  -      ro      ron  Romanian
ru        rus_Cyrl  ru     ru      rus  Russian
rw        kin_Latn  -      -       -    Kinyarwanda
sa        san_Deva  -      -       -    Sanskrit
sat       sat_Beng  -      -       -    Santali
sc        srd_Latn  -      -       srd  Sardinian
scn       scn_Latn  -      -       scn  Sicilian
sd        snd_Arab  -      sd      -    Sindhi
se        -         -      -       sme  Northern Sami
sg        sag_Latn  -      -       -    Sango
shn       shn_Mymr  -      shn     -    Shan
si        sin_Sinh  -      si      -    Sinhala
sk        slk_Latn  -      sk      slk  Slovak
sl        slv_Latn  -      sl      slv  Slovenian
sm        smo_Latn  -      -       -    Samoan
sn        sna_Latn  -      -       -    Shona
so        som_Latn  -      -       -    Somali
sq        als_Latn  -      sq      -    Albanian
sr        srp_Cyrl  -      sr      hbs  Serbian
ss        ssw_Latn  -      -       -    Swati
st        sot_Latn  -      -       -    Southern Sotho
su        sun_Latn  -      -       -    Sundanese
sv        swe_Latn  -      sv      swe  Swedish
sw        swh_Latn  -      sw      swa  Swahili
szl       szl_Latn  -      -       szl  Silesian
ta        tam_Taml  -      ta      -    Tamil
taq       taq_Latn  -      -       -    Tamasheq
taq-Tfng  taq_Tfng  -      -       -    Tamasheq (Tifinagh script)
te        tel_Telu  -      te      -    Telugu
tg        tgk_Cyrl  -      -       tgk  Tajik
th        tha_Thai  -      th      -    Thai
ti        tir_Ethi  -      ti      -    Tigrinya
tk        tuk_Latn  -      tk      tuk  Turkmen
tl        tgl_Latn  -      -       -    Tagalog
tn        tsn_Latn  -      tn      -    Tswana
tpi       tpi_Latn  -      -       -    Tok Pisin
tr        tur_Latn  tr     tr      tur  Turkish
ts        tso_Latn  -      -       -    Tsonga
tt        tat_Cyrl  -      tt      tat  Tatar
tum       tum_Latn  -      -       -    Tumbuka
tw        twi_Latn  -      -       -    Twi
tzm       tzm_Tfng  -      -       -    Tamazight (Central Atlas)
ug        uig_Arab  -      ug      uig  Uyghur
uk        ukr_Cyrl  -      uk      ukr  Ukrainian
umb       umb_Latn  -      -       -    Umbundu
ur        urd_Arab  -      ur      urd  Urdu
uz        uzn_Latn  -      uz      uzb  Uzbek
vec       vec_Latn  -      -       -    Venetian
vi        vie_Latn  -      vi      -    Vietnamese
war       war_Latn  -      -       -    Waray
wo        wol_Latn  -      -       -    Wolof
xh        xho_Latn  -      -       -    Xhosa
yi        ydd_Hebr  -      -       -    Yiddish
yo        yor_Latn  -      -       -    Yoruba
yue       yue_Hant  -      yue     -    Cantonese
zh        zho_Hans  zh-cn  cmn     zho  Chinese
zh-Hant   zho_Hant  zh-cn  cmn     zho  Chinese (traditional script)
zh-HK     zho_Hant  zh-cn  cmn     zho  Chinese (Hong Kong)
zh-MO     zho_Hant  zh-cn  cmn     zho  Chinese (Macao)
zh-TW     zho_Hant  zh-cn  cmn     zho  Chinese (Taiwan)
zu        zul_Latn  -      -       -    Zulu
"""

ALIASES: Final = """\
alb sq  ara ar  arm hy  aym ay  aze az  baq eu  bur my  chi zh  cmn zh  cze cs  din dik dut nl  est et  fas fa  fil tl
fre fr  ful ff  geo ka  ger de  gre el  ice is  in id   iw he   ji yi   kau knc kur ku  lav lv  mac mk  mao mi  may ms
mlg mg  mo ro   mon mn  msa ms  nep ne  no nb   nor nb  ori or  orm om  per fa  pus ps  que qu  rum ro  slo sk  sqi sq
swa sw  tib bo  uzb uz  wel cy  yid yi
"""
"""Other codes of ISO 639 for a language of the table: older ones, bibliographic ones, and those of language groups.
The three-letter codes within FLORES-200 and Apertium codes are understood without standing here."""

MISTAKES: Final = """\
at de-AT    ch de-CH    chs zh      cht zh-Hant cn zh       cz cs       dk da       gb en-GB    gr el       ir fa
jp ja       kr ko       mx es-MX    ua uk       us en-US    vn vi       zh-yue yue
"""
"""Common mistakes, mostly country codes, and the languages meant; for suggestions only. A code that is also a language
(``br``, ``se``, ``tw``) means that language."""
