//! Objects in a bucket of S3, or of whatever speaks like it.

use std::{error::Error as _, time::Duration};

use bytes::Bytes;
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStoreExt, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    client::HttpError,
    path::Path,
};

use super::{S3, place::Fault};

/// The longest time until a connection is made.
const CONNECT: Duration = Duration::from_secs(3);

/// How often a request is made again within its time when the service stumbled.
const RETRIES: usize = 2;

/// A bucket.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    s3: AmazonS3,
    name: String,
    prefix: Path,
    timeout: Duration,
}

impl Bucket {
    /// Nothing is asked yet. The settings must have been checked.
    ///
    /// # Errors
    /// What cannot be used in them.
    pub(super) fn new(settings: &S3) -> Result<Self, String> {
        let prefix = Path::parse(settings.prefix.trim_matches('/'))
            .map_err(|_| "s3.prefix: must be names with `/` between them".to_owned())?;
        let timeout = settings.timeout.unsigned_abs();
        let keys = settings.keys.as_ref().ok_or("s3: no keys are given")?;
        let client = ClientOptions::new()
            .with_timeout(timeout)
            .with_connect_timeout(CONNECT.min(timeout))
            .with_allow_http(settings.endpoint.as_deref().is_some_and(is_plain));
        let path_style = settings.path_style.unwrap_or(settings.endpoint.is_some());
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(keys.id.reveal())
            .with_secret_access_key(keys.secret.reveal())
            .with_virtual_hosted_style_request(!path_style)
            // One by one: not everybody who speaks like S3 knows how to delete many.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: RETRIES,
                retry_timeout: timeout,
            })
            .with_client_options(client);
        if let Some(token) = &keys.token {
            builder = builder.with_token(token.reveal());
        }
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(address(endpoint, &settings.bucket, path_style));
        }
        let s3 = builder.build().map_err(|error| format!("s3: {error}"))?;
        Ok(Self { s3, name: settings.bucket.clone(), prefix, timeout })
    }

    pub(super) async fn write(&self, object: &str, bytes: Bytes) -> Result<(), Fault> {
        let path = self.path(object);
        let put = self.within(self.s3.put(&path, bytes.into())).await?;
        // Where nothing can be put, it is the bucket that is missing.
        put.map(drop).ok_or_else(|| self.no_bucket())
    }

    /// None when the bucket holds no such object.
    pub(super) async fn read(&self, object: &str) -> Result<Option<Bytes>, Fault> {
        let path = self.path(object);
        self.within(async { self.s3.get(&path).await?.bytes().await }).await
    }

    pub(super) async fn delete(&self, object: &str) -> Result<(), Fault> {
        let path = self.path(object);
        self.within(self.s3.delete(&path)).await.map(drop)
    }

    /// Is the bucket there, and are the keys good for it?
    pub(super) async fn look(&self) -> Result<(), Fault> {
        self.read("look").await.map(drop)
    }

    fn path(&self, object: &str) -> Path {
        Path::from_iter(self.prefix.parts().chain(Path::from(object).parts()))
    }

    /// None when the service says that there is no such object.
    async fn within<T>(
        &self,
        act: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Fault> {
        let ended = tokio::time::timeout(self.timeout, act).await;
        let ended = ended.map_err(|_| self.away("does not answer in time"))?;
        ended.map(Some).or_else(|error| self.meaning(&error).map_or(Ok(None), Err))
    }

    /// What an error means; none when all that it says is that the object is not there. What a service
    /// says may hold names and signatures, so none of its own words get out.
    fn meaning(&self, error: &Error) -> Option<Fault> {
        Some(match error {
            Error::NotFound { source, .. } if source.to_string().contains("NoSuchBucket") => {
                self.no_bucket()
            }
            Error::NotFound { .. } => return None,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => self.away(
                "refuses the keys, or does not let them get, put and delete objects and list the bucket",
            ),
            other if is_lost(other) => self.away("does not answer"),
            _ => self.away("fails"),
        })
    }

    fn no_bucket(&self) -> Fault {
        self.away("is not there: make it")
    }

    fn away(&self, what: &str) -> Fault {
        Fault::Away(format!("the bucket `{}` {what}", self.name))
    }
}

/// Was there no answer at all?
fn is_lost(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(it) = cause {
        if it.is::<HttpError>() {
            return true;
        }
        cause = it.source();
    }
    false
}

fn is_plain(endpoint: &str) -> bool {
    endpoint.starts_with("http://")
}

/// Where the bucket is: without `path_style` its name is a part of the host.
fn address(endpoint: &str, bucket: &str, path_style: bool) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    match endpoint.split_once("://") {
        Some((scheme, host)) if !path_style => format!("{scheme}://{bucket}.{host}"),
        _ => endpoint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use base::Secret;

    use super::{super::Keys, *};

    fn settings() -> S3 {
        let keys = Keys {
            id: Secret::new("AKIA-me".into()),
            secret: Secret::new("very-secret".into()),
            token: None,
        };
        S3 { bucket: "b".into(), keys: Some(keys), ..S3::default() }
    }

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_host() {
        assert_eq!(address("https://s3.example/", "b", true), "https://s3.example");
        assert_eq!(address("https://s3.example:9000", "b", false), "https://b.s3.example:9000");
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_said_without_its_keys() {
        // Nobody listens at this port.
        rustls::crypto::ring::default_provider().install_default().ok();
        let settings = S3 { endpoint: Some("http://127.0.0.1:9".into()), ..settings() };
        let bucket = Bucket::new(&S3 { prefix: "/a/b/".into(), ..settings }).unwrap();
        assert_eq!(bucket.path("c/d").as_ref(), "a/b/c/d");
        let Fault::Away(why) = bucket.look().await.unwrap_err() else { panic!("it is not full") };
        assert_eq!(why, "the bucket `b` does not answer");
        assert!(!format!("{bucket:?}").contains("very-secret"));
    }

    #[test]
    fn a_prefix_that_is_no_name_is_refused() {
        assert!(Bucket::new(&S3 { prefix: "a//b".into(), ..settings() }).is_err());
    }
}
