//! What can be said about models.

pub(crate) mod install;

use base::Timestamp;
use clap::{Args as ClapArgs, Subcommand};
use models::{
    ledger::{period::Period, spent::Scope},
    usage::GroupBy,
};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Models {
    #[command(subcommand)]
    pub(crate) act: ModelsAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsAct {
    /// The providers, the names that lead to models, and what each model costs.
    List {
        #[command(flatten)]
        application: Application,
        /// Ask each provider for its own list of models too.
        #[arg(long)]
        remote: bool,
    },
    /// Ask each provider, or one model, a short question; exit code 1 when one gives no answer.
    Test {
        #[command(flatten)]
        application: Application,
        /// Only this model: provider/model, an alias, or a priority.
        #[arg(long)]
        model: Option<String>,
    },
    /// What was used and what it cost.
    Usage {
        #[command(flatten)]
        application: Application,
        /// operation, model, provider, tenant, key, task, day, month.
        #[arg(long, default_value = "operation")]
        by: GroupBy,
        /// From this day or time on; the last 30 days when left out.
        #[arg(long, value_parser = moment)]
        from: Option<Timestamp>,
        /// Until before this day or time.
        #[arg(long, value_parser = moment)]
        to: Option<Timestamp>,
        /// Only of this tenant, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// What models cost, and the version of the prices.
    Prices {
        #[command(flatten)]
        application: Application,
        /// Work out what this model costs: provider/model.
        #[arg(long)]
        model: Option<String>,
        /// For so many tokens of the question.
        #[arg(long = "in", value_name = "TOKENS", requires = "model", default_value_t = 0)]
        tokens_in: u64,
        /// And so many of the answer.
        #[arg(long = "out", value_name = "TOKENS", requires = "model", default_value_t = 0)]
        tokens_out: u64,
    },
    /// Put a model into the data folder that runs in this program.
    Install(install::Install),
    /// Limits, and budgets with how far they are used.
    #[command(args_conflicts_with_subcommands = true)]
    Limits {
        #[command(flatten)]
        application: Application,
        #[command(subcommand)]
        act: Option<LimitsAct>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LimitsAct {
    /// Set a budget, new or in place of the one of this name. A running server takes it in seconds.
    Set(Box<SetBudget>),
    /// Take a budget away that was set; one of this name in config/llm.yaml holds again.
    Remove {
        #[command(flatten)]
        application: Application,
        /// What it is called.
        name: String,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  \
    mainstay models limits set daily --scope tenant --period day --usd 5\n  \
    mainstay models limits set all --scope whole --period month --usd 200 \\\n      \
    --at-limit downgrade --downgrade-to ollama/llama3.2")]
pub(crate) struct SetBudget {
    #[command(flatten)]
    pub(crate) application: Application,
    /// What it is called.
    pub(crate) name: String,
    /// Whose spending counts: whole, or each tenant's, key's or task's by itself.
    #[arg(long)]
    pub(crate) scope: Scope,
    /// day or month, in UTC.
    #[arg(long)]
    pub(crate) period: Period,
    /// The most dollars.
    #[arg(long, value_name = "DOLLARS", required_unless_present = "tokens")]
    pub(crate) usd: Option<f64>,
    /// Or the most tokens of questions and answers.
    #[arg(long, value_name = "N", conflicts_with = "usd")]
    pub(crate) tokens: Option<u64>,
    /// Only this tenant (by name, slug or id), key or task.
    #[arg(long = "match", value_name = "ID")]
    pub(crate) matches: Option<String>,
    /// The share of the limit at which there is a warning.
    #[arg(long, value_name = "SHARE", default_value_t = models::ledger::Budget::WARN_AT)]
    pub(crate) warn_at: f64,
    /// What happens at the limit.
    #[arg(long, default_value = "refuse", value_parser = ["refuse", "downgrade"])]
    pub(crate) at_limit: String,
    /// The model that is asked instead: provider/model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) downgrade_to: Option<String>,
}

/// A day, which begins at midnight UTC, or a moment.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let day: jiff::civil::Date = text
        .parse()
        .map_err(|_| "is neither a day like 2026-11-21 nor a time like 2026-11-21T08:00:00Z")?;
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
    Ok(midnight.timestamp())
}
