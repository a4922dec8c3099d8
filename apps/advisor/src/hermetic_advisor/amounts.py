"""Amounts of money between people and Decimals: as they are written by hand or by a bank, and as they are shown."""

from __future__ import annotations

import re
from decimal import Decimal

PLAIN = re.compile(r"\d{1,12}(?:[.,]\d{1,2})?", re.ASCII)
GROUPED_BY_COMMAS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?", re.ASCII)
GROUPED_BY_DOTS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?", re.ASCII)
TWO_MEANINGS = re.compile(r"\d{1,3}[.,]\d{3}", re.ASCII)
SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00a0": "", "\u202f": "", " ": "", "'": "", "’": ""})
LARGEST = Decimal("999999999.99")


def parse_amount(text: str) -> Decimal:
    """The amount that was written: `-12.50`, `1.234,56`, `1,234.56`, `€ 20`, `20-`.

    Raises ValueError, with a sentence for whoever wrote it, for what is no amount and for what could be two: `1.234`.
    """
    bare = text.translate(SIGNS).removeprefix("EUR").removesuffix("EUR").replace("€", "")
    sign = -1 if bare.startswith("-") or bare.endswith("-") else 1
    digits = bare.removesuffix("-") if bare.endswith("-") else bare.removeprefix("-").removeprefix("+")
    if len(digits) > 20:
        raise ValueError("this is no amount: it is too long")
    if TWO_MEANINGS.fullmatch(digits):
        whole = re.sub(r"[.,]", "", digits)
        raise ValueError(
            f"{text.strip()} could be {whole} or {digits.replace(',', '.')}; write {whole}.00 if that is meant"
        )
    amount = sign * _unsigned(digits, text)
    if abs(amount) > LARGEST:
        raise ValueError(f"{text.strip()} is more than {euro(LARGEST)}")
    return amount


def _unsigned(digits: str, text: str) -> Decimal:
    if PLAIN.fullmatch(digits):
        return Decimal(digits.replace(",", "."))
    if GROUPED_BY_COMMAS.fullmatch(digits):
        return Decimal(digits.replace(",", ""))
    if GROUPED_BY_DOTS.fullmatch(digits):
        return Decimal(digits.replace(".", "").replace(",", "."))
    raise ValueError(f"{text.strip()[:40]!r} is no amount; write it like -12.50")


def euro(amount: Decimal) -> str:
    """An amount as it is shown: `€1,234.50`, `−€12.00`."""
    return f"{'−' if amount < 0 else ''}€{abs(amount):,.2f}"


def percent(share: Decimal) -> str:
    """A share as it is shown, without zeros that say nothing: `12.5 %`."""
    text = f"{share:.2f}".rstrip("0").rstrip(".")
    return f"{text or '0'} %"
