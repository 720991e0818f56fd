//! TLS to the server: always with its certificate and its name checked.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Config, Socket,
    config::Host,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_rustls::{TlsConnector, client};

/// Takes out of the address what the driver does not know, and makes of it what encrypts.
/// Without an `sslmode` that asks for TLS there is none.
pub(super) fn settings(url: &str) -> Result<(String, Option<Connector>), String> {
    let Some((address, options)) = url.split_once('?') else { return Ok((url.to_owned(), None)) };
    let mut kept = Vec::new();
    let mut root = None;
    let mut is_wanted = false;
    for option in options.split('&') {
        match option.split_once('=') {
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => {
                is_wanted = true;
                kept.push("sslmode=require");
            }
            Some(("sslmode", "disable" | "allow" | "prefer")) => kept.push("sslmode=disable"),
            Some(("sslmode", other)) => {
                return Err(format!("sslmode `{other}` is none of disable, require, verify-full"));
            }
            Some(("sslrootcert", "system")) => {}
            Some(("sslrootcert", file)) => root = Some(file),
            _ => kept.push(option),
        }
    }
    let url =
        if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) };
    let connector = if is_wanted { Some(Connector::new(root)?) } else { None };
    Ok((url, connector))
}

/// Is the server on this machine?
pub(super) fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

/// Makes encrypted connections.
#[derive(Clone)]
pub(super) struct Connector(TlsConnector);

impl Connector {
    fn new(root: Option<&str>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match root {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                let unreadable = |why: String| format!("cannot read sslrootcert `{file}`: {why}");
                let found =
                    CertificateDer::pem_file_iter(file).map_err(|it| unreadable(it.to_string()))?;
                for certificate in found {
                    let certificate = certificate.map_err(|it| unreadable(it.to_string()))?;
                    roots.add(certificate).map_err(|it| unreadable(it.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(unreadable("there is no certificate in it".into()));
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|it| it.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Handshake { connector: self.0.clone(), name })
    }
}

/// A connection about to be encrypted.
pub(super) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        let shaken = self.connector.connect(self.name, socket);
        Box::pin(async move { shaken.await.map(Encrypted) })
    }
}

/// An encrypted connection.
pub(super) struct Encrypted(client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    /// None: passwords are proved by SCRAM without it, inside a connection whose name was checked.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str, is_encrypted: bool) {
        let (url, connector) = settings(url).unwrap();
        assert_eq!((url.as_str(), connector.is_some()), (expected, is_encrypted));
    }

    #[test]
    fn tls_is_used_when_the_address_asks_for_it() {
        check("postgres://h/d", "postgres://h/d", false);
        check("postgres://h/d?sslmode=disable", "postgres://h/d?sslmode=disable", false);
        check("postgres://h/d?sslmode=require", "postgres://h/d?sslmode=require", true);
        check(
            "postgres://h/d?connect_timeout=3&sslmode=verify-full&sslrootcert=system",
            "postgres://h/d?connect_timeout=3&sslmode=require",
            true,
        );
    }

    #[test]
    fn a_missing_root_certificate_is_named() {
        let refused = settings("postgres://h/d?sslmode=require&sslrootcert=/no/such.pem").err();
        assert!(refused.unwrap().contains("/no/such.pem"));
    }
}
