"""Text on streams that cannot take all of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermetic._report.encoding import encodable
from hermetic._report.text import render
from tests.report.samples import FULL


def test_what_fits_is_left_alone() -> None:
    """A UTF-8 stream gets every sign as it is."""
    assert "33 │ größer → …" == encodable("33 │ größer → …", "utf-8")


def test_ascii_gets_signs_that_mean_the_same() -> None:
    """Lines, arrows and dots become ASCII; letters become escapes."""
    assert "33 | gr\\xf6\\xdfer -> ..." == encodable("33 │ größer → …", "ascii")


def test_a_code_page_keeps_its_letters() -> None:
    """What Windows' code page knows stays."""
    assert "33 | größer ->" == encodable("33 │ größer →", "cp1252")


def test_an_unknown_encoding_means_ascii() -> None:
    """A stream without a usable encoding still gets its text."""
    assert "a | b" == encodable("a │ b", None) == encodable("a │ b", "no-such-codec")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8", "shift_jis"])
def test_a_report_fits_every_encoding(encoding: str) -> None:
    """The whole text report can be written to any of the usual terminals."""
    assert encodable(render(FULL), encoding).encode(encoding)


@given(st.text(st.characters(), max_size=40), st.sampled_from(["ascii", "cp1252", "utf-8", "cp437"]))
def test_any_text_fits_every_encoding(text: str, encoding: str) -> None:
    """Lone surrogates of undecodable file names included."""
    assert isinstance(encodable(text, encoding).encode(encoding), bytes)
