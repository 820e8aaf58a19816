"""What counts as blank, what as missing, and how names are listed in a sentence."""

__all__ = ["BLANKS", "MISSING", "MISSING_NAMES", "join", "quote"]

#: Stripped from both ends of a cell: all that prints as nothing, byte-order marks included.
BLANKS = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
#: Missing in any column. In capitals or as pandas writes them, since `none` in lower case may
#: well be one of the names.
MISSING_NAMES = frozenset(
    {
        *("", "?", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NULL", "null", "<null>"),
        *("None", "NaN", "nan", "-NaN", "-nan", "NaT", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
    }
)
#: Missing among numbers and dates, in lower case.
MISSING = frozenset(
    {
        *(word.lower() for word in MISSING_NAMES),
        *("-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "??", ".", "..", "...", "*"),
        *("n.a.", "n.a", "nil", "(null)", "\\n", "missing"),
        *("#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!"),
    }
)

N_SHOWN, N_LETTERS = 10, 40


def quote(name) -> str:
    """Write a text in quotes, cut where it is long, and anything else as it prints."""
    if not isinstance(name, str):
        return str(name)
    return repr(name if len(name) <= N_LETTERS else name[: N_LETTERS - 3] + "...")


def join(names, shown=N_SHOWN) -> str:
    """Write the first names and the number of the rest."""
    names = list(names)
    rest = len(names) - shown
    return ", ".join(map(quote, names[:shown])) + (f" and {rest} more" if rest > 0 else "")
