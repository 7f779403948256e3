"""English names and BCP 47 tags of languages, by Tesseract's names."""

from __future__ import annotations

from collections.abc import Mapping

# English names. Source: Tesseract's manual, section LANGUAGES AND SCRIPTS.
NAMES: Mapping[str, str] = {
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
