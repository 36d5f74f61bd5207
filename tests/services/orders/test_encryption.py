"""A server that offers TLS gets it; one that does not is talked to as it is."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from orders.engine import database_engine
from orders.settings import DatabaseSettings

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


def server_context(directory: Path) -> ssl.SSLContext:
    """Return what a server has that signed its own certificate, as Postgres's packages do."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "postgres")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = directory / "server.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def door(database_url: str, context: ssl.SSLContext | None) -> Iterator[tuple[str, list[str]]]:
    """Yield the URL of a server that asks for TLS, or ends, and what was spoken at each visit."""
    url = make_url(database_url)
    spoken: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    visitor, _ = listening.accept()
                except OSError:
                    return
                assert visitor.recv(8) == SSL_REQUEST
                if context is None:
                    visitor.close()
                    continue
                visitor.sendall(b"S")
                with (
                    context.wrap_socket(visitor, server_side=True) as encrypted,
                    socket.create_connection((url.host or "", url.port or 5432)) as server,
                ):
                    spoken.append(encrypted.version() or "")
                    back = threading.Thread(target=copy, args=(server, encrypted))
                    back.start()
                    copy(encrypted, server)
                    back.join()

        thread = threading.Thread(target=serve)
        thread.start()
        seen = url.set(host="127.0.0.1", port=listening.getsockname()[1])
        try:
            yield seen.render_as_string(hide_password=False), spoken
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_server_that_offers_encryption_gets_it(database_url: str, tmp_path: Path) -> None:
    with door(database_url, server_context(tmp_path)) as (url, spoken):
        settings = DatabaseSettings.model_validate({"database_url": url})
        with database_engine(settings) as engine, engine.connect() as connection:
            assert connection.scalar(text("SELECT 6 * 7")) == 42
            assert spoken == ["TLSv1.3"]


def test_one_that_ends_the_connection_instead_is_an_error_of_the_database(
    database_url: str,
) -> None:
    with door(database_url, None) as (url, _):
        settings = DatabaseSettings.model_validate({"database_url": url})
        with database_engine(settings) as engine, pytest.raises(DBAPIError):
            engine.connect()
