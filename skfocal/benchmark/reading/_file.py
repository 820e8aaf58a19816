"""A file: unpacked and decoded, or refused with a reason."""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib

import pyarrow as pa

from skfocal.benchmark.reading._words import join

__all__ = ["NEITHER", "decode", "find_encoding", "unpack"]

NEITHER = "it is neither CSV nor Parquet"
WORKBOOK = "it is a spreadsheet, not a text; save its table as CSV"
CORRUPT = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, NotImplementedError)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the two bytes of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LOOKED_AT = 1 << 16


def unpack(content: bytes) -> bytes:
    """Undo the compression that the first bytes of a file tell, whatever its name is.

    Raises
    ------
    ValueError
        If an archive is broken, encrypted or holds several files, or the file is a spreadsheet.
    """
    for magic, opened in UNPACKERS.items():
        if content.startswith(magic):
            try:
                content = opened(content)
            except CORRUPT as error:
                raise ValueError(f"it cannot be unpacked ({error})") from error
            break
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValueError(WORKBOOK)
    if content[257:262] == b"ustar":
        raise ValueError("it is a tar archive; unpack the table first")
    return content


def _unzip(content):
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise ValueError(NEITHER) from None
    with archive:
        names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        if "[Content_Types].xml" in names or "content.xml" in names:
            raise ValueError(WORKBOOK)
        # What the Finder of macOS adds to every archive is no member of it.
        names = [name for name in names if not name.startswith("__MACOSX/")]
        if len(names) != 1:
            listed = f" ({join(names, 3)})" if names else ""
            raise ValueError(
                f"the archive holds {len(names)} files{listed}; unpack the one to read"
            )
        try:
            return archive.read(names[0])
        except RuntimeError as error:  # a password
            raise ValueError(str(error)) from error
        except zipfile.BadZipFile as error:
            raise ValueError(str(error)) from error


def _unpack_zstandard(content):
    # By pyarrow, since the standard library has no Zstandard before Python 3.14.
    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        return stream.read()


UNPACKERS = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
    b"\x28\xb5\x2f\xfd": _unpack_zstandard,
    b"PK\x03\x04": _unzip,
}


def decode(content: bytes) -> tuple[str, list[str]]:
    """Return the text in a file, and a note where its encoding had to be guessed.

    A byte-order mark decides; then UTF-16 by its zero bytes, UTF-8 if it is valid, and
    Windows-1252. A detector by letter frequencies (charset-normalizer) took Windows-1252 for 1250
    and 1250 for 1252 on short tables, and categories are told apart under either.

    Raises
    ------
    ValueError
        If the content is no text.
    """
    notes = []
    encoding = find_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise ValueError(f"it is not valid {encoding.upper()} ({error.reason})") from error
        text = _decode_single_bytes(content)
        notes.append(
            "The file is not valid UTF-8 and was read as Windows-1252; check its accented letters."
        )
    if "\0" in text[:LOOKED_AT]:
        raise ValueError(NEITHER)
    return text.lstrip("\ufeff").rstrip("\x1a"), notes


def find_encoding(content):
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    head = content[:LOOKED_AT]
    even, odd = head[::2].count(0), head[1::2].count(0)
    # Separators, digits and line ends have a zero byte in UTF-16, and nothing has in UTF-8.
    if max(even, odd) > len(head) / 20 and min(even, odd) < max(even, odd) / 10:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _decode_single_bytes(content):
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:  # five bytes mean nothing there
        return content.decode("latin-1")
