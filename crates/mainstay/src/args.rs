//! What can be said on the command line, and the help that teaches it.

pub(crate) mod archives;
pub(crate) mod ask;
pub(crate) mod blobs;
pub(crate) mod config;
pub(crate) mod documents;
pub(crate) mod models;
pub(crate) mod progress;
pub(crate) mod schedules;
pub(crate) mod sources;
pub(crate) mod tenant;
pub(crate) mod vectors;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand};

/// An AI application backend that does its own maintenance.
///
/// One process serves one application folder. The other commands look after its data: they open the
/// same database, also while the server runs.
#[derive(Debug, Parser)]
#[command(
    name = "mainstay",
    version,
    propagate_version = true,
    after_help = "The first minute:\n  \
        mainstay serve apps/APP             serve; prints the address and the first password\n  \
        mainstay check apps/APP             every fault of an application folder at once\n  \
        mainstay key create --tenant acme   a key for a program\n  \
        mainstay documents add FILE         a document to be asked about\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage.\n\
        Data lies in ./mainstay-data/APP unless --data or MAINSTAY_DATABASE_URL says otherwise."
)]
pub(crate) struct Args {
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// A file with variables of the environment; `.env` is read when it is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve an application until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Check an application folder: every fault at once, with file, line, column and a hint.
    Check(Check),
    /// See, check and change the documents of the configuration.
    Config(config::Config),
    /// Bring the database to this version's schema, or back.
    Migrate(Migrate),
    /// Make, change and erase the people who sign in.
    #[command(alias = "users")]
    User(User),
    /// Write out what a tenant has.
    #[command(alias = "tenants")]
    Tenant(tenant::Tenant),
    /// Make and revoke the keys that programs use.
    Key(Key),
    /// Read, verify and export the audit log.
    Audit(Audit),
    /// Read a list (CSV, XLS, XLSX, JSON, JSONL) in as a new record, or over one that is there.
    Import(Import),
    /// Write a version out as a file.
    Export(Export),
    /// Ask a question over the application's data, in words.
    AskData(AskData),
    /// See how results went: by week, month and quarter, and by criterion.
    Progress(progress::Progress),
    /// Draw the report of a record (PDF).
    Report(progress::Report),
    /// See and run the sources of records, and look after their caches.
    Sources(sources::Sources),
    /// See what comes round by the clock; begin, pause and resume it.
    Schedules(schedules::Schedules),
    /// See what old records were put away, put away what is due, and bring back.
    Archives(archives::Archives),
    /// See, cancel and retry jobs.
    Jobs(Jobs),
    /// See and try the models, what they used and cost, and how much may be spent.
    Models(models::Models),
    /// See, put in, search and remove documents.
    Documents(documents::Documents),
    /// Ask an assistant; the answer is printed as it is written, with its sources.
    Ask(ask::Ask),
    /// See where the bytes of files lie, whether they are whole, and move them.
    Blobs(blobs::Blobs),
    /// See how vectors are, back them up, and make their index anew.
    Vectors(vectors::Vectors),
    /// Find out what would keep the server from serving well.
    Doctor(Doctor),
    /// Print the OpenAPI document of an application, or of what every application answers.
    Openapi(Openapi),
    /// Read one file for the server: bytes on standard input, JSON on standard output.
    #[command(hide = true)]
    Extract(Extract),
}

/// Where the data lies.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Data {
    /// Folder of the data: the database, backups before migrations.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// An application and its data.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Application {
    /// The application's folder, the one with `app.yaml` in it.
    #[arg(long, value_name = "APP", default_value = ".")]
    pub(crate) app: PathBuf,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Prints `ready http://ADDR` on standard output once it serves.\n\
    The first start makes an administrator from MAINSTAY_ADMIN_EMAIL and MAINSTAY_ADMIN_PASSWORD,\n\
    or admin@localhost with a password that is printed once.")]
pub(crate) struct Serve {
    /// The application's folder, the one with `app.yaml` in it.
    #[arg(value_name = "APP")]
    pub(crate) app: PathBuf,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Address to listen on; port 0 takes a free one. 127.0.0.1:8080, or 0.0.0.0:$PORT when PORT is set.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Jobs that run at the same time; 4, or what config/performance.yaml says.
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<usize>,
    /// Seconds without a sign of life after which a job of a killed process is taken over.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) job_lease: u64,
    /// Seconds for which jobs may go on after SIGTERM, before they are handed back.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) drain: u64,
    /// Do not bring the database to this version's schema; refuse to serve when it differs.
    #[arg(long)]
    pub(crate) no_migrate: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Check {
    /// The application's folder.
    #[arg(value_name = "APP")]
    pub(crate) app: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    pub(crate) act: MigrateAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateAct {
    /// Apply what is pending. SQLite is backed up beside itself before.
    Up {
        #[command(flatten)]
        application: Application,
        /// Say what would be applied, and apply nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Undo the last migrations.
    Down {
        #[command(flatten)]
        application: Application,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 1)]
        steps: usize,
        /// Do not ask; undoing a migration can lose what it made room for.
        #[arg(long)]
        yes: bool,
    },
    /// What is applied, pending, changed or unknown.
    Status {
        #[command(flatten)]
        application: Application,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct User {
    #[command(subcommand)]
    pub(crate) act: UserAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserAct {
    /// Make a user. The password is asked for, or taken from MAINSTAY_PASSWORD.
    Create {
        #[command(flatten)]
        application: Application,
        /// The address to sign in with; may be left out where people sign in by a name.
        #[arg(long, required_unless_present = "username")]
        email: Option<String>,
        /// The name to sign in by, where people do so by one.
        #[arg(long)]
        username: Option<String>,
        /// What people call them.
        #[arg(long, default_value = "")]
        name: String,
        /// owner, admin, operator, editor, viewer, or a role of the application.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// The tenant they belong to, by name, slug or id; left out, they reach all tenants.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// List users.
    List {
        #[command(flatten)]
        application: Application,
    },
    /// Give a user another password.
    Password {
        #[command(flatten)]
        application: Application,
        /// Whom: the address or the name that they sign in by.
        #[arg(long)]
        email: String,
    },
    /// Keep a user from signing in, and end their sessions.
    Disable {
        #[command(flatten)]
        application: Application,
        /// Whom: the address or the name that they sign in by.
        #[arg(long)]
        email: String,
    },
    /// Let a disabled user sign in again.
    Enable {
        #[command(flatten)]
        application: Application,
        /// Whom: the address or the name that they sign in by.
        #[arg(long)]
        email: String,
    },
    /// Erase a user with everything that is theirs; without --yes, only say what that is.
    Erase {
        #[command(flatten)]
        application: Application,
        /// Whom: the address or the name that they sign in by.
        #[arg(long)]
        email: String,
        /// Erase the documents that they shared as well; else those become the house's.
        #[arg(long)]
        shared: bool,
        /// Do it. It cannot be undone.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) act: KeyAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAct {
    /// Make a key. It is shown once, here.
    Create {
        #[command(flatten)]
        application: Application,
        /// The tenant it is for, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
        /// read, write, jobs:execute, llm:call, models, embeddings:generate, admin; several with
        /// commas.
        #[arg(long, value_delimiter = ',', default_value = "read")]
        scope: Vec<base::Scope>,
        /// Days after which it expires.
        #[arg(long, value_name = "DAYS")]
        expires: Option<u32>,
        /// A key for trying things out: ck_test_… instead of ck_live_….
        #[arg(long)]
        test: bool,
    },
    /// List keys; their secrets are not kept.
    List {
        #[command(flatten)]
        application: Application,
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Make a key useless at once.
    Revoke {
        #[command(flatten)]
        application: Application,
        /// key_…
        id: base::AppKeyId,
    },
    /// Give a key a new secret; the old one works for some hours more.
    Rotate {
        #[command(flatten)]
        application: Application,
        /// key_…
        id: base::AppKeyId,
        /// Hours for which the old secret works.
        #[arg(long, default_value_t = 24)]
        overlap: u32,
    },
    /// See the keys that sign the tokens of people; none of them is a key that programs use.
    Signing {
        #[command(flatten)]
        application: Application,
        /// Have a new one sign from now on. Nobody is signed out.
        #[arg(long)]
        rotate: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) act: AuditAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditAct {
    /// Recompute every hash chain; exit code 1 and the first broken row when one was tampered with.
    Verify {
        #[command(flatten)]
        application: Application,
    },
    /// Show the last entries.
    List {
        #[command(flatten)]
        application: Application,
        #[arg(long)]
        tenant: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Write all entries as JSON lines to standard output.
    Export {
        #[command(flatten)]
        application: Application,
        #[arg(long)]
        tenant: Option<String>,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  \
    mainstay import --app apps/APP --tenant acme --set name=Pipes --set type=material items.csv")]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) application: Application,
    /// The file.
    pub(crate) file: PathBuf,
    /// Whose record it becomes, by name, slug or id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// The versioned collection; the only one of the application when left out.
    #[arg(long)]
    pub(crate) collection: Option<String>,
    /// A field of the new record: name=value; may be repeated.
    #[arg(long, value_name = "FIELD=VALUE")]
    pub(crate) set: Vec<String>,
    /// Lay the list over this record, as a new version, instead of making one.
    #[arg(long, value_name = "ID")]
    pub(crate) into: Option<base::RecordId>,
    /// The label of the version.
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// Only show what the list would become.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) application: Application,
    /// The record whose active version is written.
    #[arg(long, value_name = "ID", required_unless_present = "version_id")]
    pub(crate) record: Option<base::RecordId>,
    /// Or a version.
    #[arg(long = "version-id", value_name = "ID")]
    pub(crate) version_id: Option<base::VersionId>,
    /// csv, excel, json, or what the application declares.
    #[arg(long, default_value = "csv")]
    pub(crate) format: String,
    /// The file or folder to write to; `-` is standard output. The export's own name when left out.
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
    /// Tabs instead of commas, where the format has them.
    #[arg(long)]
    pub(crate) tabs: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Exit code 1 when the question has no answer.")]
pub(crate) struct AskData {
    #[command(flatten)]
    pub(crate) application: Application,
    /// What is asked.
    #[arg(value_name = "QUESTION")]
    pub(crate) question: String,
    /// Of whose data: a tenant by name, slug or id.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Which of the application's questions, where it has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) questions: Option<String>,
    /// Go on with this conversation.
    #[arg(long, value_name = "ID")]
    pub(crate) conversation: Option<base::ChatId>,
    /// The language of the answer when the question does not tell.
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) language: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Jobs {
    #[command(subcommand)]
    pub(crate) act: JobsAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsAct {
    /// List jobs, newest first.
    List {
        #[command(flatten)]
        application: Application,
        /// pending, running, completed, failed, cancelled.
        #[arg(long)]
        state: Option<work::State>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one job.
    Show {
        #[command(flatten)]
        application: Application,
        id: base::JobId,
    },
    /// Cancel a job that waits or runs.
    Cancel {
        #[command(flatten)]
        application: Application,
        id: base::JobId,
    },
    /// Run a failed or cancelled job again.
    Retry {
        #[command(flatten)]
        application: Application,
        id: base::JobId,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) application: Application,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Openapi {
    /// The application's folder.
    #[arg(value_name = "APP", required_unless_present = "built_in", conflicts_with = "built_in")]
    pub(crate) app: Option<PathBuf>,
    /// Only what every application answers, whatever its own routes are.
    #[arg(long)]
    pub(crate) built_in: bool,
}

/// What a server gives to the process that reads a file for it.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Extract {
    /// pdf, docx, xlsx, html, md, txt, json or csv.
    pub(crate) kind: knowledge::sniff::Kind,
    /// The most memory, in bytes, beside what the program has when it begins.
    #[arg(default_value_t = 1 << 30)]
    pub(crate) memory_bytes: u64,
    /// The most seconds of computing.
    #[arg(default_value_t = 30)]
    pub(crate) cpu_s: u64,
    /// The most characters of text.
    #[arg(default_value_t = 10_000_000)]
    pub(crate) chars: u64,
    /// The most pages.
    #[arg(default_value_t = 5_000)]
    pub(crate) pages: u32,
}
