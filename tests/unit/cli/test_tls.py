"""Certificates: which are refused at the start, and what happens when they change."""

from __future__ import annotations

import logging
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from statehold.cli.processes import tls as module
from statehold.cli.processes.tls import Tls, TlsRefused
from tests.unit.cli.certificates import Files, make


def seen_by_a_client(tls: Tls) -> str:
    """The certificate that a client is shown in a handshake, whoever it trusts."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(back, there, server_side=False),
        tls.context.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = ends[0].getpeercert(binary_form=True)
    assert shown is not None
    return ssl.DER_cert_to_PEM_cert(shown)


def text_of(files: Files) -> str:
    return files.certificate.read_text()


def test_a_certificate_and_its_key_are_used(tmp_path: Path) -> None:
    files = make(tmp_path)
    tls = Tls(*files.given())
    assert seen_by_a_client(tls) == text_of(files)
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"until": timedelta(seconds=-1), "since": timedelta(days=-9)}, "expired"),
        ({"since": timedelta(hours=1)}, "not yet valid"),
        ({"usage": ExtendedKeyUsageOID.CLIENT_AUTH}, "purpose"),
        ({"passphrase": b"secret"}, "encrypted"),
    ],
)
def test_what_no_client_would_accept_is_refused(
    tmp_path: Path, options: dict[str, object], why: str
) -> None:
    files = make(tmp_path, **options)  # type: ignore[arg-type]
    with pytest.raises(TlsRefused, match=why):
        Tls(*files.given())


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    nowhere = str(tmp_path / "nowhere")
    (tmp_path / "empty").write_text("")
    for certificate, key, why in (
        (one.certificate, two.key, "not that of"),
        (one.key, one.key, "no certificate"),
        (one.certificate, one.certificate, "no certificate and key"),
        (tmp_path / "empty", one.key, "no certificate"),
        (nowhere, one.key, "certificate .* can't be read"),
        (one.certificate, nowhere, "key .* can't be read"),
        (tmp_path, one.key, "can't be read"),
    ):
        with pytest.raises(TlsRefused, match=why):
            Tls(str(certificate), str(key))


def test_a_certificate_that_ends_soon_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Tls(*make(tmp_path / "late", until=timedelta(days=15)).given())
    assert caplog.records == []
    Tls(*make(tmp_path / "soon", until=timedelta(days=13)).given())
    assert "valid for 312 hours" in caplog.text or "valid for 311 hours" in caplog.text


def test_a_new_certificate_is_used_for_the_next_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    files = make(tmp_path)
    first = text_of(files)
    tls = Tls(*files.given())
    tls.look()
    assert caplog.records == []
    make(tmp_path)
    assert text_of(files) != first
    tls.look()
    assert "read again" in caplog.text
    assert seen_by_a_client(tls) == text_of(files)


def test_a_wrong_certificate_is_reported_once_and_the_former_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    files = make(tmp_path)
    first = text_of(files)
    tls = Tls(*files.given())
    for spoil in (
        lambda: make(tmp_path, until=timedelta(seconds=-1), since=timedelta(days=-9)),
        lambda: files.key.write_text("nothing"),
        files.key.unlink,
    ):
        caplog.clear()
        spoil()
        for _ in range(3):
            tls.look()
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert seen_by_a_client(tls) == first
    make(tmp_path)
    tls.look()
    assert seen_by_a_client(tls) == text_of(files) != first
