//! The connections of the house: made in one way, whoever they lead to.
//!
//! The house says who it is, follows no redirect by itself, takes no proxy from its surroundings and
//! checks certificates. How long it waits and what it unpacks is for those who ask to say: what they
//! say in `shape` stands over what is set here. Where an address was chosen by somebody else,
//! [`open_network`] connects to none of the machine's own neighbourhood. A [`pool`] is for those who ask so often that
//! each microsecond counts.

pub mod pool;

use std::{error::Error as StdError, sync::Arc, time::Duration};

use reqwest::{Client, ClientBuilder, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::address::OpenNetwork;

/// How long a connection may take to come about, unless its shape says otherwise.
const CONNECT: Duration = Duration::from_secs(5);

/// Who the house says it is.
pub const USER_AGENT: &str = concat!("mainstay/", env!("CARGO_PKG_VERSION"));

/// Connections in this shape, to wherever they are asked to go.
///
/// # Errors
/// When no client can be made on this machine.
pub fn client(shape: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<Client, reqwest::Error> {
    let builder = || {
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            // A request must not wait for the acknowledgement of the one before.
            .tcp_nodelay(true)
            .redirect(Policy::none())
            // A client that finds proxies by itself reads the environment.
            .no_proxy();
        shape(builder)
    };
    // The machine's certificates come first: they include those of a company's own authority. A
    // machine without any, such as an empty container, gets the list that browsers use.
    match builder().build() {
        Err(error) if error.is_builder() && error.source().is_some() => {
            builder().tls_backend_preconfigured(browser_roots()).build()
        }
        built => built,
    }
}

/// Connections in this shape, to the open network alone: what a name means is looked at when it is
/// resolved, each time, so that one that changes its mind gains nothing. An address that is written
/// in numbers is resolved by nobody: [`crate::address::allowed`] is asked before each request.
///
/// # Errors
/// When no client can be made on this machine.
pub fn open_network(
    allow_private: bool,
    shape: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client, reqwest::Error> {
    let network = Arc::new(OpenNetwork { allow_private });
    client(|it| shape(it.dns_resolver(network.clone())))
}

fn browser_roots() -> ClientConfig {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_name_that_means_this_machine_leads_nowhere_on_the_open_network() {
        ring::default_provider().install_default().ok();
        let client = open_network(false, |it| it.timeout(Duration::from_secs(5))).unwrap();
        // Somebody is there, who would be reached and say nothing.
        let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = here.local_addr().unwrap().port();
        let refused = client.get(format!("http://localhost:{port}/")).send().await.unwrap_err();
        assert!(refused.is_connect(), "{refused:?}");
    }
}
