"""Reading samples of other generators: what they say is taken, what they hide is refused."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mcgen.errors import FileFormatError, UsageError
from mcgen.io.samples import Collisions, is_lhe, read_lhe
from tests.oracle.lhe import COPPER, EVENT, MUON, OUTGOING, Lhe


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sample.lhe"


def read(file: Path, lhe: Lhe, pdg: int | None = None, **limits: int) -> Collisions:
    file.write_text(lhe.text(), encoding="utf-8")
    return read_lhe(file, pdg, **limits)


# --- What is in it ------------------------------------------------------------------------------------------


def test_particles_are_told_apart(file: Path) -> None:
    found = read(file, Lhe())
    for name, row in (
        ("muon", MUON),
        ("recoil", OUTGOING[0]),
        ("nucleus", OUTGOING[1]),
        ("boson", OUTGOING[2]),
    ):
        np.testing.assert_allclose(getattr(found, name), np.tile(row[3:], (3, 1)).T, rtol=1e-9)
    assert (found.muon_pdg, found.boson_pdg, found.z) == (13, 9000025, 29)
    assert (found.boson_mass, found.nucleus_mass) == (0.1, 59.1931)


def test_their_order_does_not_matter(file: Path) -> None:
    one = read(file, Lhe())
    other = read(file, Lhe(event=(COPPER, MUON, *OUTGOING[::-1])))
    for name in ("muon", "recoil", "nucleus", "boson"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_gzip_is_seen_by_its_content(file: Path) -> None:
    plain = read(file, Lhe())
    file.write_bytes(gzip.compress(Lhe().text().encode()))
    np.testing.assert_array_equal(read_lhe(file).boson, plain.boson)


@pytest.mark.parametrize(("name", "expected"), [("a.lhe", True), ("a.LHE.gz", True), ("a.root", False)])
def test_a_sample_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_lhe(Path(name)) is expected


@pytest.mark.parametrize("weights", [(3e8, 3e8, 3e8), (1.0, 1.0, 1.0), (2.0, 5.0, 3.0), (2.0, 5.0, -1.0)])
def test_weights_sum_to_the_total(file: Path, weights: tuple[float, ...]) -> None:
    found = read(file, Lhe(weights=weights))
    np.testing.assert_allclose(found.weight, 3e8 * np.array(weights) / sum(weights), rtol=1e-12)


def test_processes_add_up(file: Path) -> None:
    found = read(file, Lhe(processes=((2e8, 3e5), (1e8, 4e5))))
    assert found.sigma == pytest.approx(3e8, rel=1e-12)
    assert found.sigma_error == pytest.approx(5e5, rel=1e-12)


@pytest.mark.parametrize("header", ["<!-- g_mu = 2.5e-1 -->", '"g_mu": 0.25,', "x\ng_mu=0.25"])
def test_coupling_of_the_header(file: Path, header: str) -> None:
    assert read(file, Lhe(header=header)).coupling == 0.25
    assert read(file, Lhe()).coupling is None


def test_missing_recoils_are_nan(file: Path) -> None:
    found = read(file, Lhe(event=(MUON, COPPER, OUTGOING[2])))
    assert np.isnan(found.recoil).all()
    assert np.isnan(found.nucleus).all()
    assert np.isfinite(found.boson).all()


def test_daughters_of_the_boson_are_not_the_recoil(file: Path) -> None:
    boson = (OUTGOING[2][0], 2, *OUTGOING[2][2:])
    daughters = [(13, 1, 3, 0.01, 0.01, 15.0, 15.1), (-13, 1, 3, 0.01, 0.01, 15.0, 15.1)]
    found = read(file, Lhe(event=(MUON, COPPER, boson, *daughters, *OUTGOING[:2])))
    np.testing.assert_allclose(found.recoil[:, 0], OUTGOING[0][3:], rtol=1e-9)


# --- Which boson --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pdg", [25, 36, 1023, 9000025, -9900099])
def test_a_boson_is_named(file: Path, pdg: int) -> None:
    event = (*EVENT[:4], (pdg, *EVENT[4][1:]))
    found = read(file, Lhe(event=event), pdg)
    assert found.boson_pdg == pdg
    np.testing.assert_allclose(found.boson[:, 0], EVENT[4][3:], rtol=1e-9)


@pytest.mark.parametrize("pdg", [36, 1023, 51])
def test_a_boson_is_found(file: Path, pdg: int) -> None:
    assert read(file, Lhe(event=(*EVENT[:4], (pdg, *EVENT[4][1:])))).boson_pdg == pdg


def test_two_new_particles_have_to_be_told_apart(file: Path) -> None:
    both = Lhe(event=(*EVENT, (1023, *EVENT[4][1:])))
    with pytest.raises(FileFormatError, match=r"1023, 9000025.*--pdg"):
        read(file, both)
    assert read(file, both, 1023).boson_pdg == 1023


# --- Not a sample -------------------------------------------------------------------------------------------

WRONG = {
    "no boson": (Lhe(event=EVENT[:4]), "no new particle.*--pdg"),
    "no muon": (Lhe(event=EVENT[1:]), "event 1: no incoming muon"),
    "no nucleus": (Lhe(event=(MUON, *OUTGOING)), "event 1: no incoming nucleus"),
    "no events": (Lhe(weights=()), "holds no events"),
    "moving nucleus": (Lhe(event=(MUON, (*COPPER[:5], 1.0, 59.3), *OUTGOING)), "laboratory"),
    "no total": (Lhe(processes=((0.0, 0.0),)), "cross-section"),
    "infinite total": (Lhe(processes=((float("inf"), 0.0),)), "cross-section"),
    "weights are nan": (Lhe(weights=(float("nan"), 1.0)), "weights"),
    "weights cancel": (Lhe(weights=(-1.0, 1.0)), "weights"),
    "momentum is nan": (Lhe(event=(*EVENT[:4], (*EVENT[4][:6], float("nan")))), "not finite"),
    "words for numbers": (
        Lhe(after="<event>\nnot a number\n</event>"),
        "damaged",
    ),
    "not closed": (Lhe(after=""), "damaged"),
    "another document": (Lhe(before="<html>", after="</html>"), "damaged"),
    "infinite particles": (Lhe(after="<event>\n1 1 1 1 1 1\n13 1\n</event></LesHouchesEvents>"), "damaged"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_sample_is_refused(file: Path, what: str) -> None:
    lhe, message = WRONG[what]
    with pytest.raises(FileFormatError, match=message) as caught:
        read(file, lhe)
    assert str(caught.value).startswith(f"{file}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        read_lhe(file)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_file_cut_short_is_refused(file: Path, share: float, packed: bool) -> None:
    content = Lhe(weights=[1.0] * 200).text().encode()
    content = gzip.compress(content) if packed else content
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileFormatError, match="damaged"):
        read_lhe(file)


def test_flipped_bytes_of_a_gzip_file_are_noticed(file: Path) -> None:
    content = bytearray(gzip.compress(Lhe(weights=[1.0] * 50).text().encode()))
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(FileFormatError):
        read_lhe(file)


# --- Hostile ------------------------------------------------------------------------------------------------

BOMB = '<?xml version="1.0"?>\n<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">{}]>\n'.format(
    "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
)


def test_entities_are_refused(file: Path) -> None:
    lhe = Lhe(before=BOMB + "<LesHouchesEvents>", header="&i;")
    with pytest.raises(FileFormatError, match="document type"):
        read(file, lhe)


@pytest.mark.parametrize("offset", range(16_370, 16_390, 3))
def test_a_document_type_is_seen_across_blocks(file: Path, offset: int) -> None:
    with pytest.raises(FileFormatError, match="document type"):
        read(file, Lhe(before=" " * offset + BOMB[22:] + "<LesHouchesEvents>"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_refused(file: Path, encoding: str) -> None:
    file.write_bytes((BOMB + Lhe().text()).encode(encoding))
    with pytest.raises(FileFormatError, match="UTF-8"):
        read_lhe(file)


def test_a_declared_encoding_is_refused(file: Path) -> None:
    file.write_text('<?xml version="1.0" encoding="cp037"?>' + Lhe().text(), encoding="utf-8")
    with pytest.raises(FileFormatError, match="UTF-8"):
        read_lhe(file)


HUGE = {
    "header": (Lhe(header="{}"), "no events in the first 8 MB"),
    "event": (Lhe(after="<event>{}</event>"), "an event of more than 1 MB"),
    "tail": (Lhe(after="{}"), "an event of more than 1 MB"),
    "comment": (Lhe(after="<!-- </event> -->{}"), "an event of more than 1 MB"),
    "elements": (Lhe(weights=(), after="<a></a>{}"), "no events in the first 8 MB"),
}


@pytest.mark.parametrize("where", HUGE)
def test_a_bomb_is_not_unpacked(file: Path, where: str) -> None:
    lhe, message = HUGE[where]
    before, after = lhe.text().split("{}")
    with gzip.open(file, "wb", compresslevel=1) as stream:
        stream.write(before.encode())
        for _ in range(60):
            stream.write(b" " * (1 << 20))
        stream.write(after.encode())
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=message):
            read_lhe(file)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_elements_that_are_no_events_do_not_pile_up(file: Path) -> None:
    filling = "<!-- </event> --><a/>" * 100_000
    with pytest.raises(FileFormatError, match="an event of more than 1 MB"):
        read(file, Lhe(after=filling + "</LesHouchesEvents>"))


def test_without_pylhe_it_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylhe", None)
    with pytest.raises(UsageError, match=r"mcgen-hep\[lhe\]"):
        read(file, Lhe())


def test_too_many_events_are_refused(file: Path) -> None:
    assert len(read(file, Lhe(), max_events=3).weight) == 3
    with pytest.raises(FileFormatError, match="more than 3 events"):
        read(file, Lhe(weights=[1.0] * 4), max_events=3)


def test_too_many_bytes_are_refused(file: Path) -> None:
    read(file, Lhe(), max_bytes=20_000)
    with pytest.raises(FileFormatError, match=r"larger than 1\.86e-05 GB unpacked"):
        read(file, Lhe(weights=[1.0] * 1000), max_bytes=20_000)
