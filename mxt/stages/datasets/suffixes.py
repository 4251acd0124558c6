"""What the suffix of a file says before it is opened: sound, surely something else, or nothing."""

from __future__ import annotations

_SOUND = (
    "wav wave au snd flac ogg oga opus mp3 mp2 mpga aif aiff aifc caf w64 rf64 m4a m4b aac ac3 eac3 alac "
    "mp4 mov mkv mka webm wma ape wv tta amr 3gp avi voc sph nist gsm spx dts ra adts"
)
_OTHER = (
    "txt csv tsv json jsonl md rst xml html htm pdf rtf doc docx xls xlsx ods log nfo ini cfg yaml yml "
    "toml lock jpg jpeg png gif bmp tif tiff svg webp ico heic psd db sqlite sqlite3 lnk url py ipynb sh "
    "bat m mat r js c h pyc zip gz bz2 xz 7z rar tar tgz npy npz h5 hdf5 pkl pickle parquet arrow feather "
    "pt pth onnx lab jams textgrid eaf ann svl mid midi musicxml mxl krn srt vtt lrc cue m3u m3u8 pls sfv "
    "md5 sha1 sha256 sfk pk asd reapeaks rpp als bib tex css ttf crdownload"
)
SOUND = frozenset(_SOUND.split())
OTHER = frozenset(_OTHER.split())
TABLES = frozenset(("csv", "tsv", "jsonl"))
ANNOTATIONS = TABLES | {"txt"}


def suffix(path: str) -> str:
    """The suffix in lower case without its dot; empty where there is none.

    Examples
    --------
    >>> suffix("good/au_pcm16.AU"), suffix("tricky/no_extension")
    ('au', '')
    """
    name = path.rpartition("/")[2]  # pathlib takes ten times as long, and a folder may hold a million files
    dot = name.rfind(".")
    return name[dot + 1 :].lower() if 0 < dot < len(name) - 1 else ""


def may_be_sound(path: str) -> bool:
    """False where the suffix says that the file is surely no audio (a table, a picture, a text)."""
    return suffix(path) not in OTHER


def without_sound_suffix(name: str) -> str:
    """`name` without its suffix where that is one of audio; ``metal.00058`` keeps its number."""
    return name[: -len(suffix(name)) - 1] if suffix(name) in SOUND else name
