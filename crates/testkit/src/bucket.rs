//! A bucket of a real service that speaks like S3, behind a line that a test can cut.
//!
//! The service is named by `MAINSTAY_TEST_S3` (see `scripts/s3`). Without it the tests of S3 say that
//! they were skipped, and pass, unless `MAINSTAY_TEST_S3_REQUIRED` is set.

use base::Secret;
use store::blob::{Keys, Place, S3, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Something that looks like a signature.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
    SignedHeaders=host, Signature=0";

/// A bucket of a test, empty at first.
pub struct Bucket {
    /// Where the service really is: `127.0.0.1:9000`.
    service: String,
    /// The name.
    pub name: String,
    line: Line,
}

/// What leads to the service. It can be cut, and mended.
struct Line {
    address: String,
    is_up: watch::Sender<bool>,
    carrier: JoinHandle<()>,
}

impl Bucket {
    /// A new bucket; none where there is no such service.
    ///
    /// # Panics
    /// When there is none although `MAINSTAY_TEST_S3_REQUIRED` is set.
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment")]
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    pub async fn make() -> Option<Self> {
        let Ok(address) = std::env::var("MAINSTAY_TEST_S3") else {
            let is_required = std::env::var_os("MAINSTAY_TEST_S3_REQUIRED").is_some();
            assert!(!is_required, "MAINSTAY_TEST_S3 is not set");
            eprintln!("skipped: MAINSTAY_TEST_S3 is not set");
            return None;
        };
        crate::install_tls();
        let service = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let name = format!("test-{}", base::RecordId::generate().uuid().as_simple());
        let line = Line::to(service.clone()).await;
        let bucket = Self { service, name, line };
        bucket.ask("PUT", "", b"").await;
        Some(bucket)
    }

    /// Where the bucket is for those who are tested: behind the line.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.line.address)
    }

    /// Blobs in this bucket.
    pub fn settings(&self) -> Settings {
        let keys = Keys {
            id: Secret::new("test".into()),
            secret: Secret::new("test-secret".into()),
            token: None,
        };
        let s3 = S3 {
            endpoint: Some(self.endpoint()),
            bucket: self.name.clone(),
            prefix: "of/tests".into(),
            keys: Some(keys),
            ..S3::default()
        };
        Settings { place: Place::S3, s3: Some(s3), ..Settings::default() }
    }

    /// The line is cut: connections end, and new ones are refused.
    pub fn cut(&self) {
        self.line.is_up.send_replace(false);
    }

    /// The line is mended.
    pub fn mend(&self) {
        self.line.is_up.send_replace(true);
    }

    /// The names of all objects.
    pub async fn objects(&self) -> Vec<String> {
        let told = self.ask("GET", "?list-type=2", b"").await;
        let keys = told.split("<Key>").skip(1).filter_map(|it| it.split("</Key>").next());
        keys.map(str::to_owned).collect()
    }

    /// Another content for an object, behind everybody's back.
    pub async fn overwrite(&self, object: &str, bytes: &[u8]) {
        self.ask("PUT", &format!("/{object}"), bytes).await;
    }

    /// An object is gone, behind everybody's back.
    pub async fn lose(&self, object: &str) {
        self.ask("DELETE", &format!("/{object}"), b"").await;
    }

    /// Asks the service itself, which looks who it is and not whether they are.
    async fn ask(&self, method: &str, what: &str, body: &[u8]) -> String {
        let mut stream =
            TcpStream::connect(&self.service).await.expect("the S3 service of the tests answers");
        let head = format!(
            "{method} /{}{what} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nAuthorization: {SIGNED}\r\nConnection: close\r\n\r\n",
            self.name,
            self.service,
            body.len()
        );
        let mut answer = Vec::new();
        stream.write_all(head.as_bytes()).await.expect("the S3 service listens");
        stream.write_all(body).await.expect("the S3 service listens");
        stream.read_to_end(&mut answer).await.expect("the S3 service answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 2"), "{method} {what}: {answer}");
        answer
    }
}

impl Line {
    async fn to(service: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (is_up, state) = watch::channel(true);
        #[expect(clippy::disallowed_methods, reason = "it ends with the line")]
        let carrier = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (service, mut state) = (service.clone(), state.clone());
                if !*state.borrow() {
                    continue;
                }
                #[expect(clippy::disallowed_methods, reason = "it ends with its connection")]
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(&service).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = state.wait_for(|it| !it) => {}
                    }
                });
            }
        });
        Self { address, is_up, carrier }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}
