//! The connections. Who finds all of them in use waits, but not for long.

use std::time::{Duration, Instant};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::{Config, NoTls};

use super::{Session, is_connection, meaning, tls};
use crate::{Error, OpenError, Options, meter};

/// The connections to one server.
pub(crate) struct Pool {
    connections: deadpool_postgres::Pool,
    options: Options,
}

impl Pool {
    /// Reads the address and makes the first connection. `shown` is the address for messages.
    pub(crate) async fn open(url: &str, shown: &str, options: Options) -> Result<Self, OpenError> {
        let (url, security) = tls::settings(url).map_err(|what| OpenError::Address { what })?;
        // The driver's own message may quote the address, and so the password.
        let mut config: Config = url.parse().map_err(|_| OpenError::Address {
            what: "expected postgres://USER:PASSWORD@HOST:PORT/DATABASE".into(),
        })?;
        if config.get_application_name().is_none() {
            config.application_name("mainstay");
        }
        config.connect_timeout(options.connect_timeout);
        config.keepalives_idle(Duration::from_secs(60));
        config.tcp_user_timeout(options.statement_timeout);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match security {
            Some(connector) => Manager::from_config(config, connector, recycling),
            None => {
                if !tls::is_local(&config) {
                    tracing::warn!(
                        database.address = shown,
                        "The connection to the database is not encrypted; \
                         add `?sslmode=require` to its address"
                    );
                }
                Manager::from_config(config, NoTls, recycling)
            }
        };
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(options.pool_size.max(1))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|it| OpenError::Address { what: it.to_string() })?;
        let pool = Self { connections, options };
        let failed = |source| OpenError::Server { address: shown.to_owned(), source };
        let session = pool.begin(true).await.map_err(failed)?;
        let _ = tokio::task::spawn_blocking(move || session.end_read()).await;
        Ok(pool)
    }

    /// Takes a connection and begins a transaction on it.
    ///
    /// A connection that died while it was idle is found out here, where nothing has happened yet,
    /// and another one is taken.
    pub(crate) async fn begin(&self, reads: bool) -> Result<Session, Error> {
        let limit_ms = self.options.statement_timeout.as_millis();
        // The settings last as long as the transaction: whoever uses the connection next (behind
        // PgBouncer, another program) finds it as it was.
        let settings = format!(
            "SET LOCAL statement_timeout = {limit_ms}; \
             SET LOCAL idle_in_transaction_session_timeout = {};",
            2 * limit_ms
        );
        let begin = if reads {
            format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {settings}")
        } else {
            format!("BEGIN ISOLATION LEVEL READ COMMITTED; {settings}")
        };
        let mut attempts_left = self.options.pool_size.max(1);
        loop {
            let lease = self.lease().await?;
            let limit = self.options.wait + self.options.connect_timeout;
            let begun = tokio::time::timeout(limit, lease.client().batch_execute(&begin)).await;
            match begun {
                Ok(Ok(())) => {
                    return Ok(Session::new(lease, reads, self.options.statement_timeout));
                }
                Ok(Err(error)) if is_connection(&error) && attempts_left > 0 => {
                    attempts_left -= 1;
                }
                Ok(Err(error)) => return Err(meaning(error, &begin)),
                Err(_) => return Err(Error::unavailable("the database does not answer")),
            }
        }
    }

    async fn lease(&self) -> Result<Lease, Error> {
        let status = self.connections.status();
        if status.available == 0 && status.size >= status.max_size {
            meter::POOL_WAITS.increment(&[]);
        }
        let timeouts = Timeouts {
            wait: Some(self.options.wait),
            create: Some(self.options.connect_timeout),
            recycle: Some(self.options.connect_timeout),
        };
        let object = self.connections.timeout_get(&timeouts).await;
        let status = self.connections.status();
        meter::POOL_CONNECTIONS.set(status.available as f64, &["idle"]);
        meter::POOL_CONNECTIONS.set((status.size - status.available) as f64, &["used"]);
        match object {
            Ok(object) => {
                Ok(Lease { object: Some(object), is_clean: false, since: Instant::now() })
            }
            Err(PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)) => {
                let (size, wait) = (self.options.pool_size, self.options.wait);
                Err(Error::unavailable(format!(
                    "none of {size} connections became free within {wait:?}"
                )))
            }
            Err(PoolError::Timeout(_)) => Err(Error::unavailable("the database does not answer")),
            Err(PoolError::Closed) => Err(Error::unavailable("the database was closed")),
            Err(PoolError::Backend(error)) if error.as_db_error().is_none() => {
                Err(Error::unavailable(format!("cannot connect: {}", cause(&error))))
            }
            Err(PoolError::Backend(error)) => Err(meaning(error, "connecting")),
            Err(error) => Err(Error::failed_by("the pool of connections is not usable", error)),
        }
    }

    /// Ends the idle connections, and waits a while for those in use.
    pub(crate) async fn close(&self) {
        self.connections.close();
        let deadline = Instant::now() + self.options.wait + Duration::from_secs(3);
        while self.connections.status().size > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The last reason of an error, which says most.
fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// A connection on loan. It goes back to the pool only when it was said to be clean.
pub(super) struct Lease {
    object: Option<Object>,
    is_clean: bool,
    since: Instant,
}

impl Lease {
    pub(super) fn client(&self) -> &tokio_postgres::Client {
        self.object.as_ref().expect("a lease holds its connection until it is dropped")
    }

    /// Nothing is left open on it.
    pub(super) fn set_clean(&mut self) {
        self.is_clean = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if !self.is_clean {
            tracing::debug!(
                lease.duration_ms = self.since.elapsed().as_millis() as u64,
                "Closed a database connection that was left in the middle of something"
            );
            drop(Object::take(object));
        }
    }
}
