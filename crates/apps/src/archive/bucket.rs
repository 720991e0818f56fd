//! Object storage that speaks S3: put, get and delete of small objects, signed with version 4 of AWS's
//! signature.
//!
//! Three requests need no library of a hundred crates. The bucket stands in the path, which every server
//! understands, and the payload is part of the signature, so that nothing between here and there changes
//! it unseen.

use std::{fmt, time::Duration};

use base::{Secret, Timestamp};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Method, StatusCode, Url};
use sha2::{Digest, Sha256};

/// Which bucket, and who we are there.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://s3.eu-central-1.amazonaws.com`, or any server that speaks S3.
    pub endpoint: String,
    /// The region of the signature.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What stands before the name of every object.
    pub prefix: String,
    /// The id of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret<String>,
}

/// A bucket that can be asked. Cheap to clone.
#[derive(Clone)]
pub struct Bucket {
    settings: Settings,
    endpoint: Url,
    client: Client,
}

/// Why the storage did not do it.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// Its address is none.
    #[error("`{0}` is no address of object storage; give one such as https://s3.example.com")]
    Endpoint(String),
    /// It cannot be reached.
    #[error("object storage does not answer: {0}")]
    Away(String),
    /// It says no.
    #[error("object storage refused with {status}: {code}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its own word for it.
        code: String,
    },
}

impl BucketError {
    /// May the same succeed later?
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Endpoint(_) => false,
            Self::Away(_) => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
        }
    }
}

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest refusal that is read.
const WORDS_MAX: usize = 4096;

impl Bucket {
    /// Makes the client of a bucket. It is not asked for anything yet.
    ///
    /// # Errors
    /// An address that is none.
    pub fn open(settings: Settings) -> Result<Self, BucketError> {
        let wrong = || BucketError::Endpoint(settings.endpoint.clone());
        let endpoint = Url::parse(settings.endpoint.trim_end_matches('/')).map_err(|_| wrong())?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host_str().is_none() {
            return Err(wrong());
        }
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Mainstay/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| BucketError::Away(error.to_string()))?;
        Ok(Self { settings, endpoint, client })
    }

    /// Writes an object.
    pub(crate) async fn put(
        &self,
        object: &str,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<(), BucketError> {
        self.ask(Method::PUT, object, bytes, now).await.map(drop)
    }

    /// Reads an object; none when it is not there.
    pub(crate) async fn get(
        &self,
        object: &str,
        now: Timestamp,
    ) -> Result<Option<Bytes>, BucketError> {
        match self.ask(Method::GET, object, Bytes::new(), now).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(BucketError::Refused { status: 404, code }) if code != "NoSuchBucket" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes an object.
    pub(crate) async fn remove(&self, object: &str, now: Timestamp) -> Result<(), BucketError> {
        match self.ask(Method::DELETE, object, Bytes::new(), now).await {
            Err(BucketError::Refused { status: 404, code }) if code != "NoSuchBucket" => Ok(()),
            other => other.map(drop),
        }
    }

    async fn ask(
        &self,
        method: Method,
        object: &str,
        body: Bytes,
        now: Timestamp,
    ) -> Result<Bytes, BucketError> {
        let Settings { region, bucket, prefix, access_key, secret_key, .. } = &self.settings;
        let prefix = prefix.trim_matches('/');
        let key = if prefix.is_empty() { object.to_owned() } else { format!("{prefix}/{object}") };
        let base = self.endpoint.path().trim_end_matches('/');
        let path = escaped(&format!("{base}/{bucket}/{key}"));
        let mut url = self.endpoint.clone();
        url.set_path(&path);
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let payload = hex::encode(Sha256::digest(&body));
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let signed = Signed {
            method: method.as_str(),
            path: &path,
            headers: &[
                ("host", host.as_str()),
                ("x-amz-content-sha256", payload.as_str()),
                ("x-amz-date", time.as_str()),
            ],
            payload: &payload,
        };
        let authorization = signed.authorization(access_key, secret_key.reveal(), region, &time);
        let request = self
            .client
            .request(method, url)
            .header("authorization", authorization)
            .header("x-amz-content-sha256", &payload)
            .header("x-amz-date", &time)
            .body(body);
        // The address may hold nothing secret, and is not told all the same.
        let away = |error: reqwest::Error| BucketError::Away(error.without_url().to_string());
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(away)?;
        if status.is_success() {
            return Ok(bytes);
        }
        Err(BucketError::Refused { status: status.as_u16(), code: code_of(status, &bytes) })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.settings.bucket).finish()
    }
}

/// A request, as it is signed.
struct Signed<'a> {
    method: &'a str,
    path: &'a str,
    /// Names in small letters, in their order.
    headers: &'a [(&'a str, &'a str)],
    payload: &'a str,
}

impl Signed<'_> {
    /// The header `Authorization`; `time` is `20130524T000000Z`.
    fn authorization(&self, access_key: &str, secret: &str, region: &str, time: &str) -> String {
        let day = time.split('T').next().unwrap_or(time);
        let names: Vec<&str> = self.headers.iter().map(|it| it.0).collect();
        let names = names.join(";");
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let Self { method, path, payload, .. } = self;
        let request = format!("{method}\n{path}\n\n{headers}\n{names}\n{payload}");
        let scope = format!("{day}/{region}/s3/aws4_request");
        let hash = hex::encode(Sha256::digest(request.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let key = [day, region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, word| keyed(&key, word));
        let signature = hex::encode(keyed(&key, &text));
        format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, \
             Signature={signature}"
        )
    }
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A path as it is signed and sent: everything but plain letters escaped, slashes kept.
fn escaped(path: &str) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~/".contains(&it);
    path.bytes()
        .map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") })
        .collect()
}

/// The word for a refusal: `<Code>` of its XML, else the status.
fn code_of(status: StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(WORDS_MAX)]);
    let inside = |it: &str| Some(it.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned());
    let code = inside(&text).filter(|it| it.bytes().all(|it| it.is_ascii_alphanumeric()));
    code.unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The example of AWS's own description of the signature.
    #[test]
    fn a_request_is_signed_as_aws_signs_it() {
        let signed = Signed {
            method: "GET",
            path: "/test.txt",
            headers: &[
                ("host", "examplebucket.s3.amazonaws.com"),
                ("range", "bytes=0-9"),
                ("x-amz-content-sha256", NOTHING),
                ("x-amz-date", "20130524T000000Z"),
            ],
            payload: NOTHING,
        };
        let authorization = signed.authorization(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "us-east-1",
            "20130524T000000Z",
        );
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn names_with_odd_letters_are_escaped_and_slashes_are_not() {
        assert_eq!(escaped("/b/a b/ü.gz"), "/b/a%20b/%C3%BC.gz");
    }

    #[test]
    fn a_refusal_is_told_by_its_code_and_nothing_else_of_it() {
        let xml = b"<Error><Code>NoSuchKey</Code><Message>secret</Message></Error>";
        assert_eq!(code_of(StatusCode::NOT_FOUND, xml), "NoSuchKey");
        assert_eq!(code_of(StatusCode::BAD_GATEWAY, b"<html>"), "Bad Gateway");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let settings = Settings {
            endpoint: "s3.example.com".into(),
            region: "us-east-1".into(),
            bucket: "b".into(),
            prefix: String::new(),
            access_key: "a".into(),
            secret_key: Secret::new("canary".into()),
        };
        assert!(!format!("{settings:?}").contains("canary"));
        assert!(matches!(Bucket::open(settings), Err(BucketError::Endpoint(_))));
    }
}
