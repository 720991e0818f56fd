//! A file of which every byte is known, fetched over HTTP. What broke off goes on where it stopped,
//! in the same call and in the next one.

use std::{io, path::Path, time::Duration};

use http::{StatusCode, header};
use jiff::SignedDuration;
use reqwest::{Client, Response, Url, redirect::Policy};
use tokio::{
    fs::{self, File},
    io::{AsyncSeekExt, AsyncWriteExt},
};

use super::package::{Mismatch, Pinned};
use crate::{relay::client::client, settings::ProviderSettings};

/// How often it is tried without a byte more.
const TRIES: u32 = 3;
/// Before it is tried again, and once more for each time before.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest silence.
const STALL: Duration = Duration::from_secs(30);
const CONNECT_SECONDS: i64 = 10;
const REDIRECTS_MAX: usize = 5;

/// What is fetched.
pub(super) struct Fetch<'a> {
    pub(super) address: &'a str,
    pub(super) file: &'a Pinned,
    /// Where it is put together.
    pub(super) part: &'a Path,
    /// A proxy to go through.
    pub(super) proxy: Option<&'a str>,
}

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// This is no address.
    #[error("`{0}` is not an address that can be fetched from")]
    Address(String),
    /// There is no connection, or no proxy of this name.
    #[error("cannot reach {host}")]
    Unreached {
        /// Who was to be reached.
        host: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The server says no.
    #[error("{host} answered with status {status}")]
    Refused {
        /// Who.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// It stopped in the middle.
    #[error(
        "it broke off after {done_bytes} of {of_bytes} bytes; the same command goes on from there"
    )]
    BrokeOff {
        /// How much is there.
        done_bytes: u64,
        /// Of how much.
        of_bytes: u64,
    },
    /// What comes is not the file.
    #[error("what {host} sends is not the file that was meant: {why}")]
    Other {
        /// Who.
        host: String,
        /// What differs.
        why: Mismatch,
    },
    /// It cannot be kept.
    #[error("cannot write it down")]
    Write(#[source] io::Error),
}

/// Fetches what is still missing, and tells how many bytes are there.
///
/// # Errors
/// It is not all there. What is there stays, for the next time.
pub(super) async fn fetch(
    fetch: Fetch<'_>,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<(), FetchError> {
    let address = Url::parse(fetch.address).ok().filter(|it| it.has_host());
    let address = address.ok_or_else(|| FetchError::Address(fetch.address.to_owned()))?;
    let fetching = Fetching { client: opened(&address, fetch.proxy)?, address, fetch };
    let mut tries_left = TRIES;
    loop {
        let before = fetching.there().await?;
        let why = match fetching.go_on(before, told).await {
            Ok(()) => return Ok(()),
            Err(why) if !why.may_pass() => return Err(why),
            Err(why) => why,
        };
        let is_further = fetching.there().await? > before;
        tries_left = if is_further { TRIES } else { tries_left - 1 };
        if tries_left == 0 {
            return Err(why);
        }
        tokio::time::sleep(PAUSE * (TRIES - tries_left + 1)).await;
    }
}

struct Fetching<'a> {
    client: Client,
    address: Url,
    fetch: Fetch<'a>,
}

impl Fetching<'_> {
    /// How much of it is there.
    async fn there(&self) -> Result<u64, FetchError> {
        match fs::metadata(self.fetch.part).await {
            Ok(found) => Ok(found.len()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(why) => Err(FetchError::Write(why)),
        }
    }

    /// Once more, from where it stopped.
    async fn go_on(
        &self,
        there: u64,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), FetchError> {
        let of_bytes = self.fetch.file.size_bytes;
        if there == of_bytes {
            told(there);
            return Ok(());
        }
        let mut request = self.client.get(self.address.clone());
        // Of what is longer than the whole nothing can be used.
        let begin = if there > of_bytes { 0 } else { there };
        if begin > 0 {
            request = request.header(header::RANGE, format!("bytes={begin}-"));
        }
        let sent = request.send().await;
        let mut response =
            sent.map_err(|source| FetchError::Unreached { host: self.host(), source })?;
        let begin = match response.status() {
            StatusCode::PARTIAL_CONTENT if begins_at(&response) == Some(begin) => begin,
            // It does not know of parts, and sends the whole.
            StatusCode::OK => 0,
            // There is no such part: it begins anew.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if begin > 0 => {
                self.opened(0).await.map_err(FetchError::Write)?;
                return Err(FetchError::BrokeOff { done_bytes: 0, of_bytes });
            }
            status => {
                return Err(FetchError::Refused { host: self.host(), status: status.as_u16() });
            }
        };
        let mut file = self.opened(begin).await.map_err(FetchError::Write)?;
        let mut done_bytes = begin;
        told(done_bytes);
        let broke_off = loop {
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    done_bytes += bytes.len() as u64;
                    if done_bytes > of_bytes {
                        let why = Mismatch::Size { expected: of_bytes, found: done_bytes };
                        return Err(FetchError::Other { host: self.host(), why });
                    }
                    file.write_all(&bytes).await.map_err(FetchError::Write)?;
                    told(done_bytes);
                }
                Ok(None) => break done_bytes < of_bytes,
                Err(_) => break true,
            }
        };
        // What came is there for the next time too, when the power goes now.
        file.sync_all().await.map_err(FetchError::Write)?;
        if broke_off { Err(FetchError::BrokeOff { done_bytes, of_bytes }) } else { Ok(()) }
    }

    async fn opened(&self, begin: u64) -> io::Result<File> {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).open(self.fetch.part).await?;
        file.set_len(begin).await?;
        file.seek(io::SeekFrom::Start(begin)).await?;
        Ok(file)
    }

    fn host(&self) -> String {
        host(&self.address)
    }
}

impl FetchError {
    /// May it go well the next time, without anybody changing anything?
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreached { .. } | Self::BrokeOff { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            Self::Address(_) | Self::Other { .. } | Self::Write(_) => false,
        }
    }
}

fn opened(address: &Url, proxy: Option<&str>) -> Result<Client, FetchError> {
    let settings = ProviderSettings {
        connect_timeout: SignedDuration::from_secs(CONNECT_SECONDS),
        proxy: proxy.map(str::to_owned),
        ..ProviderSettings::default()
    };
    // As it lies there: parts of a file are parts of these bytes, not of what they are packed into.
    let shape = |it: reqwest::ClientBuilder| {
        it.no_gzip().read_timeout(STALL).redirect(Policy::limited(REDIRECTS_MAX))
    };
    client(&settings, shape).map_err(|source| FetchError::Unreached { host: host(address), source })
}

fn host(address: &Url) -> String {
    address.host_str().unwrap_or_default().to_owned()
}

/// Where the part begins that a server sends: `bytes 100-199/200`.
fn begins_at(response: &Response) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}
