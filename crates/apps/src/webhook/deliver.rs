//! Carries deliveries out: a signed POST, tried again for half a day.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use base::{Clock, DeliveryId, Timestamp, metric::Counter};
use serde_json::{Value as Json, json};
use store::{Store, Tx, params};
use tracing::info;
use work::{Failure, Handler, Job, Running, State};

use super::{delivery, signature};

static DELIVERIES: Counter =
    Counter::new("webhook_deliveries_total", "Attempts to deliver an event.", &["outcome"]);

/// Does jobs of the kind [`delivery::JOB`].
pub struct Deliverer {
    /// Where deliveries are kept.
    pub store: Store,
    /// Time of the signature.
    pub clock: Clock,
    /// The client of [`super::address::client`].
    pub client: reqwest::Client,
}

/// What came of one attempt.
struct Outcome {
    status: Option<u16>,
    error: Option<String>,
    latency: Duration,
}

#[async_trait]
impl Handler for Deliverer {
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        let id =
            job.job().payload["delivery"].as_str().and_then(|it| it.parse::<DeliveryId>().ok());
        let id = id.ok_or_else(|| Failure::for_good("internal", "the job names no delivery"))?;
        let Some((delivery, url, secret)) = self.load(id).await? else {
            return Ok(json!({"skipped": "the webhook is gone"}));
        };
        let outcome = self.post(&delivery, &url, &secret).await;
        let attempt = delivery.attempts + 1;
        let last = job.job().attempts >= job.job().attempts_max;
        let state = match (&outcome.error, last) {
            (None, _) => "delivered",
            (Some(_), false) => "pending",
            (Some(_), true) => "failed",
        };
        DELIVERIES.increment(&[if outcome.error.is_none() { "delivered" } else { "refused" }]);
        let now = self.clock.now();
        self.save(id, attempt, state, &outcome, now).await?;
        match outcome.error {
            None => {
                info!(delivery.id = %id, event = delivery.event, "Delivered {id}");
                Ok(json!({"status": outcome.status}))
            }
            Some(why) => {
                let pause = delivery::PAUSES
                    [(job.job().attempts as usize).clamp(1, delivery::PAUSES.len()) - 1];
                Err(Failure::Retry {
                    code: "delivery_refused".into(),
                    message: why,
                    after: Some(pause),
                })
            }
        }
    }

    fn ended(&self, tx: &Tx, job: &Job, _now: Timestamp) -> Result<(), store::Error> {
        // A worker that is lost in its last attempt has told nobody.
        if matches!(job.state, State::Failed | State::Cancelled) {
            let why = job.error.as_ref().map(|it| it.message.as_str());
            tx.execute(
                "UPDATE webhook_deliveries SET state = 'failed', error = COALESCE(error, $2)
                  WHERE id = $1 AND state = 'pending'",
                &params![job.payload["delivery"].as_str(), why],
            )?;
        }
        Ok(())
    }
}

impl Deliverer {
    async fn load(
        &self,
        id: DeliveryId,
    ) -> Result<Option<(delivery::Delivery, String, String)>, store::Error> {
        self.store
            .read(move |db| {
                let row = db.first(
                    "SELECT d.*, w.url, w.secret
                       FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook
                      WHERE d.id = $1 AND d.state = 'pending' AND w.is_active = 1",
                    &params![id],
                )?;
                row.map(|row| Ok((delivery::read(&row)?, row.get("url")?, row.get("secret")?)))
                    .transpose()
            })
            .await
    }

    async fn post(&self, delivery: &delivery::Delivery, url: &str, secret: &str) -> Outcome {
        let started = Instant::now();
        let id = delivery.id.to_string();
        let timestamp = self.clock.now().as_second();
        let body = delivery.payload.to_string();
        let sent = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature::sign(secret, &id, timestamp, body.as_bytes()))
            .body(body)
            .send()
            .await;
        let (status, error) = match sent {
            Ok(answer) if answer.status().is_success() => (Some(answer.status().as_u16()), None),
            Ok(answer) => {
                let status = answer.status();
                (Some(status.as_u16()), Some(format!("the receiver answered {status}")))
            }
            Err(error) => (None, Some(reason(&error))),
        };
        Outcome { status, error, latency: started.elapsed() }
    }

    async fn save(
        &self,
        id: DeliveryId,
        attempt: u32,
        state: &'static str,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        let delivered_at = outcome.error.is_none().then_some(now);
        let values = params![
            id,
            state,
            attempt,
            outcome.status.map(i64::from),
            outcome.error.clone(),
            i64::try_from(outcome.latency.as_millis()).unwrap_or(i64::MAX),
            now,
            delivered_at
        ];
        self.store
            .bookkeep("log a delivery", move |tx| {
                tx.execute(
                    "UPDATE webhook_deliveries
                        SET state = $2, attempts = $3, answer_status = $4, error = $5, latency_ms = $6,
                            attempted_at = $7, delivered_at = $8
                      WHERE id = $1",
                    &values,
                )?;
                Ok(())
            })
            .await
    }
}

/// Why nothing came back, without the address: it may hold a token in its query.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "the receiver did not answer in time".into()
    } else if error.is_connect() {
        "no connection to the receiver, or its address is a private one".into()
    } else {
        "the receiver broke off".into()
    }
}
