//! TLS, by rustls, over any stream with hyper's traits.

use std::io::{self, BufRead, Write as _};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::{Endpoint, OpenError, Stream};
use crate::transport::blocking::Blocking;

/// Whom a client of `https` and `wss` trusts.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Whom the machine trusts: the operating system's certificates, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. They are read
    /// from the disk, once.
    ///
    /// # Errors
    ///
    /// There are none.
    pub fn platform() -> Result<Self, OpenError> {
        static PLATFORM: OnceLock<Tls> = OnceLock::new();
        if let Some(tls) = PLATFORM.get() {
            return Ok(tls.clone());
        }
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let why = found.errors.first().map(|error| format!(": {error}"));
            let why = why.unwrap_or_default();
            return Err(OpenError::Invalid(
                format!("the machine has no root certificates{why}").into(),
            ));
        }
        Ok(PLATFORM.get_or_init(|| Self::with_store(roots)).clone())
    }

    /// These authorities, or servers with certificates of their own making, and nobody else.
    ///
    /// # Errors
    ///
    /// One is no certificate.
    pub fn with_roots(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self, OpenError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            let added = roots.add(certificate);
            added.map_err(|error| OpenError::Invalid(format!("a root certificate: {error}").into()))?;
        }
        Ok(Self::with_store(roots))
    }

    fn with_store(roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the versions of TLS that are safe")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config))
    }

    /// Speaks TLS, once the server has proved who it is.
    pub(crate) async fn connect<S: Stream>(&self, endpoint: &Endpoint, io: S) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from(endpoint.host().to_owned()).map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::clone(&self.0), name).map_err(io::Error::other)?;
        let mut stream = TlsStream { io, tls };
        std::future::poll_fn(|cx| stream.poll_handshake(cx)).await?;
        Ok(stream)
    }
}

/// Settings of rustls's own: client certificates, another crypto provider, another way to verify. HTTP/2 must not be offered.
impl From<Arc<ClientConfig>> for Tls {
    fn from(config: Arc<ClientConfig>) -> Self {
        Self(config)
    }
}

/// A TLS connection. rustls does no I/O; here it meets a stream.
pub(crate) struct TlsStream<S> {
    io: S,
    tls: ClientConnection,
}

impl<S: Stream> TlsStream<S> {
    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.is_handshaking() {
            ready!(self.poll_write_tls(cx))?;
            ready!(self.poll_io_flush(cx))?;
            if self.tls.is_handshaking() && !ready!(self.poll_read_tls(cx))? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads something of what has arrived. Says whether there was anything before the end.
    fn poll_read_tls(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let io = &mut self.io;
        let read = ready!(waiting(self.tls.read_tls(&mut Blocking { io, cx })))?;
        if let Err(error) = self.tls.process_new_packets() {
            let _ = self.poll_write_tls(cx); // the server is told, if there is time
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
        }
        Poll::Ready(Ok(read > 0))
    }

    /// Writes what rustls has to say.
    fn poll_write_tls(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() {
            let io = &mut self.io;
            if ready!(waiting(self.tls.write_tls(&mut Blocking { io, cx })))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_io_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }
}

impl<S: Stream> Read for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut reader = self.tls.reader();
            if let Poll::Ready(plain) = waiting(reader.fill_buf()) {
                let plain = plain?;
                let length = plain.len().min(buffer.remaining());
                buffer.put_slice(&plain[..length]);
                reader.consume(length);
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_read_tls(cx))?; // if it was the end, the reader tells which
            if let Poll::Ready(Err(error)) = self.poll_write_tls(cx) {
                return Poll::Ready(Err(error)); // an answer to what was read
            }
        }
    }
}

impl<S: Stream> Write for TlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_write_tls(cx))?; // so that what rustls keeps is bounded
        let written = self.tls.writer().write(bytes)?;
        match self.poll_write_tls(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(written)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_tls(cx))?;
        self.poll_io_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tls.send_close_notify(); // once, however often it is called
        ready!(self.poll_write_tls(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

fn waiting<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}
