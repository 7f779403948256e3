"""English names, BCP 47 tags and scripts of languages, by Tesseract's names; what is missing."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from ocr_server.bounds import with_closest
from ocr_server.errors import LanguageMissing

# Among the languages of a request or setting: find out which language each page is in.
AUTO = "auto"
MOST_LANGUAGES = 100  # of a request; also how many missing ones are looked up
FRAKTUR = "frk"  # German in blackletter, for which Tesseract has a model of its own


class Guess(NamedTuple):
    """A language by Tesseract's name, and its probability from 0 to 1 among those asked for."""

    code: str
    probability: float


# Takes a text and the languages to choose from; gives the likeliest, best first, none if unknown.
RankLanguages: TypeAlias = Callable[[str, Sequence[str]], tuple[Guess, ...]]

# Tesseract's language names, and pyspellchecker's names of their dictionaries.
DICTIONARIES: Mapping[str, str] = {
    "ara": "ar", "deu": "de", "eng": "en", "eus": "eu", "fas": "fa", "fra": "fr", "ita": "it",
    "lav": "lv", "nld": "nl", "por": "pt", "rus": "ru", "spa": "es",
}  # fmt: skip

# English names. Source: Tesseract's manual, section LANGUAGES AND SCRIPTS.
NAMES: Mapping[str, str] = {
    AUTO: "Automatic",
    "afr": "Afrikaans", "amh": "Amharic", "ara": "Arabic", "asm": "Assamese",
    "aze": "Azerbaijani", "aze_cyrl": "Azerbaijani (Cyrillic)", "bel": "Belarusian",
    "ben": "Bengali", "bod": "Tibetan", "bos": "Bosnian", "bre": "Breton", "bul": "Bulgarian",
    "cat": "Catalan", "ceb": "Cebuano", "ces": "Czech", "chi_sim": "Chinese (simplified)",
    "chi_sim_vert": "Chinese (simplified, vertical)", "chi_tra": "Chinese (traditional)",
    "chi_tra_vert": "Chinese (traditional, vertical)", "chr": "Cherokee", "cos": "Corsican",
    "cym": "Welsh", "dan": "Danish", "deu": "German", "div": "Dhivehi", "dzo": "Dzongkha",
    "ell": "Greek", "eng": "English", "enm": "English (Middle)", "epo": "Esperanto",
    "est": "Estonian", "eus": "Basque", "fao": "Faroese", "fas": "Persian", "fil": "Filipino",
    "fin": "Finnish", "fra": "French", "frk": "German (Fraktur)", "frm": "French (Middle)",
    "fry": "Frisian", "gla": "Scottish Gaelic", "gle": "Irish", "glg": "Galician",
    "grc": "Greek (ancient)", "guj": "Gujarati", "hat": "Haitian", "heb": "Hebrew",
    "hin": "Hindi", "hrv": "Croatian", "hun": "Hungarian", "hye": "Armenian", "iku": "Inuktitut",
    "ind": "Indonesian", "isl": "Icelandic", "ita": "Italian", "ita_old": "Italian (old)",
    "jav": "Javanese", "jpn": "Japanese", "jpn_vert": "Japanese (vertical)", "kan": "Kannada",
    "kat": "Georgian", "kat_old": "Georgian (old)", "kaz": "Kazakh", "khm": "Khmer",
    "kir": "Kyrgyz", "kmr": "Kurdish (Kurmanji)", "kor": "Korean",
    "kor_vert": "Korean (vertical)", "lao": "Lao", "lat": "Latin", "lav": "Latvian",
    "lit": "Lithuanian", "ltz": "Luxembourgish", "mal": "Malayalam", "mar": "Marathi",
    "mkd": "Macedonian", "mlt": "Maltese", "mon": "Mongolian", "mri": "Maori", "msa": "Malay",
    "mya": "Burmese", "nep": "Nepali", "nld": "Dutch", "nor": "Norwegian", "oci": "Occitan",
    "ori": "Odia", "pan": "Punjabi", "pol": "Polish", "por": "Portuguese", "pus": "Pashto",
    "que": "Quechua", "ron": "Romanian", "rus": "Russian", "san": "Sanskrit", "sin": "Sinhala",
    "slk": "Slovak", "slv": "Slovenian", "snd": "Sindhi", "spa": "Spanish",
    "spa_old": "Spanish (old)", "sqi": "Albanian", "srp": "Serbian",
    "srp_latn": "Serbian (Latin)", "sun": "Sundanese", "swa": "Swahili", "swe": "Swedish",
    "syr": "Syriac", "tam": "Tamil", "tat": "Tatar", "tel": "Telugu", "tgk": "Tajik",
    "tha": "Thai", "tir": "Tigrinya", "ton": "Tongan", "tur": "Turkish", "uig": "Uyghur",
    "ukr": "Ukrainian", "urd": "Urdu", "uzb": "Uzbek", "uzb_cyrl": "Uzbek (Cyrillic)",
    "vie": "Vietnamese", "yid": "Yiddish", "yor": "Yoruba",
}  # fmt: skip


def name_of(code: str) -> str:
    """The English name of a language or script; an unknown code is returned as it is."""
    if code.startswith("script/"):
        return f"{code.removeprefix('script/')} script"
    return NAMES.get(code, code)


# BCP 47 tags, as files and browsers use them: the two letters of ISO 639-1, if there are such.
# Tesseract's names are those of ISO 639-2 and 639-3, which are tags for all other languages.
_TAGS: Mapping[str, str] = {
    "afr": "af", "amh": "am", "ara": "ar", "asm": "as", "aze": "az", "aze_cyrl": "az-Cyrl",
    "bel": "be", "ben": "bn", "bod": "bo", "bos": "bs", "bre": "br", "bul": "bg", "cat": "ca",
    "ces": "cs", "chi_sim": "zh-Hans", "chi_tra": "zh-Hant", "cos": "co", "cym": "cy", "dan": "da",
    "deu": "de", "div": "dv", "dzo": "dz", "ell": "el", "eng": "en", "epo": "eo", "est": "et",
    "eus": "eu", "fao": "fo", "fas": "fa", "fin": "fi", "fra": "fr", "frk": "de-Latf", "fry": "fy",
    "gla": "gd", "gle": "ga", "glg": "gl", "guj": "gu", "hat": "ht", "heb": "he", "hin": "hi",
    "hrv": "hr", "hun": "hu", "hye": "hy", "iku": "iu", "ind": "id", "isl": "is", "ita": "it",
    "jav": "jv", "jpn": "ja", "kan": "kn", "kat": "ka", "kaz": "kk", "khm": "km", "kir": "ky",
    "kor": "ko", "lao": "lo", "lat": "la", "lav": "lv", "lit": "lt", "ltz": "lb", "mal": "ml",
    "mar": "mr", "mkd": "mk", "mlt": "mt", "mon": "mn", "mri": "mi", "msa": "ms", "mya": "my",
    "nep": "ne", "nld": "nl", "nor": "no", "oci": "oc", "ori": "or", "pan": "pa", "pol": "pl",
    "por": "pt", "pus": "ps", "que": "qu", "ron": "ro", "rus": "ru", "san": "sa", "sin": "si",
    "slk": "sk", "slv": "sl", "snd": "sd", "spa": "es", "sqi": "sq", "srp": "sr",
    "srp_latn": "sr-Latn", "sun": "su", "swa": "sw", "swe": "sv", "tam": "ta", "tat": "tt",
    "tel": "te", "tgk": "tg", "tha": "th", "tir": "ti", "ton": "to", "tur": "tr", "uig": "ug",
    "ukr": "uk", "urd": "ur", "uzb": "uz", "uzb_cyrl": "uz-Cyrl", "vie": "vi", "yid": "yi",
    "yor": "yo",
}  # fmt: skip


def tag_of(code: str | None) -> str | None:
    """The BCP 47 tag of a language; None for scripts and unknown models."""
    plain = (code or "").removesuffix("_vert").removesuffix("_old")
    return _TAGS.get(plain, plain if plain in NAMES else None)


def code_of(tag: str, installed: Collection[str]) -> str | None:
    """The installed language of a BCP 47 tag or code of ISO 639-2; None if none.

    The tag may have more parts, as `de-AT` has, or be Tesseract's name.
    A region is left out, a script only where the language has no model of that script.
    """
    if tag in installed:
        return tag
    subtags = tag.replace("_", "-").split("-")
    language = _OTHER_CODES.get(subtags[0].lower(), subtags[0].lower())
    script = next((one.title() for one in subtags[1:] if len(one) == 4), "")
    if language == "zh" and not script:
        is_traditional = {"TW", "HK", "MO"}.intersection(map(str.upper, subtags))
        script = "Hant" if is_traditional else "Hans"
    wanted = (f"{language}-{script}", language)
    return next(
        (code for one in wanted for code in installed if one in {tag_of(code), code}),
        None,
    )


def code_named(name: str) -> str | None:
    """Tesseract's name of a language by its tag or English name, in any case; None if unknown."""
    folded = name.casefold()
    by_name = (code for code, english in NAMES.items() if english.casefold() == folded)
    return code_of(folded, NAMES) or next(by_name, None)


def missing_languages(missing: Sequence[str], *, installed: Sequence[str]) -> LanguageMissing:
    """The error for these missing languages, of which some may be installed by another name.

    Of many, the first `MOST_LANGUAGES` are looked up.
    """
    codes = [code_named(name) or name for name in missing[:MOST_LANGUAGES]]
    wanted = [code for code in codes if code in NAMES and code not in installed]
    others = [code for code in codes if code not in NAMES or code in installed]
    names, there = with_closest(", ".join(missing), others, installed), ", ".join(installed)
    told = f"Languages not installed: {names}. Installed are {there or 'none'}."
    packages = " ".join(f"tesseract-ocr-{code.replace('_', '-')}" for code in wanted)
    return LanguageMissing(
        f"{told} To add what is missing: apt-get install {packages}, or build the image with "
        f"--build-arg LANGUAGES='{' '.join(wanted)}'."
        if wanted
        else told,
        missing=list(missing),
        installed=list(installed),
    )


# Tags that other programs still use, and the bibliographic codes of ISO 639-2, each with its tag.
_OTHER_CODES: Mapping[str, str] = {
    "iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "tl": "fil",
    "alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh", "cze": "cs", "dut": "nl",
    "fre": "fr", "geo": "ka", "ger": "de", "gre": "el", "ice": "is", "mac": "mk", "mao": "mi",
    "may": "ms", "per": "fa", "rum": "ro", "slo": "sk", "tib": "bo", "wel": "cy", "zho": "zh",
}  # fmt: skip

# Languages that are told from each other by the words of a page, by their script; the most used one
# first. Tesseract's names of scripts; a language whose script no other has needs no words.
LANGUAGES_OF: Mapping[str, tuple[str, ...]] = {
    "Latin": (
        "eng", "deu", "fra", "spa", "ita", "por", "nld", "lat", "swe", "dan", "nor", "pol", "ces",
        "slk", "slv", "hrv", "ron", "hun", "fin", "est", "lit", "lav", "tur", "cat", "ind", "vie",
        "ltz",
    ),
    "Cyrillic": ("rus", "ukr", "bul", "srp", "mkd", "bel"),
    "Arabic": ("ara", "fas", "urd"),
    "Devanagari": ("hin", "mar", "nep", "san"),
    "Han": ("chi_sim", "chi_tra"),
    "Japanese": ("jpn",),
    "Korean": ("kor",), "Greek": ("ell",), "Hebrew": ("heb",), "Thai": ("tha",),
    "Armenian": ("hye",), "Georgian": ("kat",), "Bengali": ("ben",), "Gujarati": ("guj",),
    "Gurmukhi": ("pan",), "Kannada": ("kan",), "Khmer": ("khm",), "Lao": ("lao",),
    "Malayalam": ("mal",), "Myanmar": ("mya",), "Sinhala": ("sin",), "Tamil": ("tam",),
    "Telugu": ("tel",),
}  # fmt: skip
# Other names of these scripts, in Unicode and in Tesseract's detection.
_SCRIPTS: Mapping[str, str] = {
    "Cjk": "Han", "Hiragana": "Japanese", "Katakana": "Japanese", "Hangul": "Korean",
    "Fraktur": "Latin", "Vietnamese": "Latin",
}  # fmt: skip
_LEAST_KANA = 0.1  # of the letters of Japanese; prose has a half


def script_named(name: str) -> str:
    """The key of `LANGUAGES_OF` for a name of a script; an unknown name is returned as it is."""
    return _SCRIPTS.get(name, name)


def script_of(text: str) -> str | None:
    """The script of most letters of a text; Japanese if a tenth are kana; None without letters."""
    counts = Counter(_script_of_letter(letter) for letter in text if letter.isalpha())
    if not counts:
        return None
    script, count = counts.most_common(1)[0]
    is_japanese = script == "Han" and counts["Japanese"] >= _LEAST_KANA * (
        count + counts["Japanese"]
    )
    return "Japanese" if is_japanese else script


def script_of_language(code: str) -> str:
    """The script of one of `LANGUAGES_OF`; Latin for all others, such as old forms of those."""
    plain = code.removesuffix("_vert")
    return next((script for script, codes in LANGUAGES_OF.items() if plain in codes), "Latin")


@cache
def _script_of_letter(letter: str) -> str:
    return script_named(unicodedata.name(letter, "?").split()[0].split("-")[0].capitalize())
