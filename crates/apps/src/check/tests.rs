use std::path::PathBuf;

use super::*;

fn tests_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn operations() -> Vec<OperationHead> {
    [
        ("records.get", "collection record"),
        ("records.list", "collection tenant filters"),
        ("records.create", "collection tenant data"),
        ("tasks.run", "task record input"),
    ]
    .map(|(name, args)| OperationHead {
        name: name.to_owned(),
        args: args.split(' ').map(str::to_owned).collect(),
        paths: Vec::new(),
        is_shareable: name.starts_with("records."),
    })
    .to_vec()
}

#[test]
fn a_whole_folder_has_no_faults() {
    assert_eq!(folder(&tests_folder("small-app"), &operations()).to_string(), "");
}

#[test]
fn every_fault_of_a_broken_folder_is_found_in_one_run() {
    let report = folder(&tests_folder("broken-app"), &operations());
    assert!(!report.is_fit());
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn the_applications_of_this_repository_have_no_faults() {
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps");
    let folders = std::fs::read_dir(apps).expect("the applications");
    for entry in folders.flatten().filter(|it| it.path().join(APP_FILE).exists()) {
        let report = folder(&entry.path(), &[]);
        assert_eq!(report.to_string(), "", "{}", entry.path().display());
    }
}

#[test]
fn every_fault_of_an_assistant_is_told() {
    let head = |name: &str, args: &[&str], paths: &[&str]| OperationHead {
        name: name.to_owned(),
        args: args.iter().map(|it| (*it).to_owned()).collect(),
        paths: paths.iter().map(|it| (*it).to_owned()).collect(),
        is_shareable: false,
    };
    let operations = [
        head("records.get", &["record"], &["GET /api/records/{record}"]),
        head("records.list", &["collection", "tenant", "filters"], &[]),
        head("records.find", &["collection", "field", "value"], &[]),
        head("records.create", &["collection", "assistant", "data"], &["POST /api/records"]),
    ];
    let report = folder(&tests_folder("broken-assistant"), &operations).to_string();
    for told in [
        "`boss` is an owner: somebody must be able to do everything",
        "`/properties/name/default` must be text, not a number",
        "`own_account` is everybody's: without it nobody could sign out",
        "`viewer` does not have `write_records` anyway",
        "`odd` is the same role of the house as `reader`",
        "`admin` may do more than a visitor should",
        "`admin` reaches all tenants, which has to be said of somebody",
        "`things` is not searched by words",
        "records of `things` lie in no other, so none goes along",
        "nothing says which records of `things` came before one",
        "`things` has no field `nmae`",
        "it never comes by a record of `others`",
        "`record` is given to the template of an assistant already",
        "`count` is given to the template of an assistant already",
        "`followups.count` must be between 1 and 10",
        "a temperature is between 0 and 2, not 3",
        "`answers` must be between 1 and 10",
        "`pause_s` must be between 0 and 60",
        "`conut` is never given to this template",
        "there is no collection `thigns`",
        "`secrets` is private, and this shows it to everybody",
        "`hints` lies in `secrets`, which is private, and is seen by everybody",
        "`drafts` is private, so it is not shared by all tenants",
        "`drafts` is private, and versions with their exports and proposals are seen by everybody",
        "there is no document `config/ruels.yaml`",
        "`question` is given to the template of an assistant already",
        "`things` is no document of `config/`",
        "`retrieval.top_k` must be at least 1",
        "`question.chars` must be at least 1",
        "a score is between 0 and 1, not 2",
        "prompts/gone.md",
        "qestion",
        "the server itself answers, with `records.get`",
        "the server's own answer must stay whole",
        "`data` must keep its own name too",
        "there is no assistant `helpr`",
        "each version has records of `lines` of its own",
        "`number` is a shape that is there already",
    ] {
        assert!(report.contains(told), "`{told}` is not told:\n{report}");
    }
}

#[test]
fn every_fault_of_what_comes_round_goes_away_or_is_kept_is_told() {
    let head = |name: &str, args: &[&str], is_shareable| OperationHead {
        name: name.to_owned(),
        args: args.iter().map(|it| (*it).to_owned()).collect(),
        paths: Vec::new(),
        is_shareable,
    };
    let operations = [
        head("records.get", &["record", "collection"], true),
        head("records.list", &["collection", "tenant", "filters"], true),
        head("records.create", &["collection", "data"], false),
        head("mine.get", &["collection"], false),
    ];
    let report = folder(&tests_folder("broken-clock"), &operations).to_string();
    for told in [
        "`LIMT` is not declared (name `LIMT` under `optional`)",
        "`API_KEY` is required, so it has no default",
        "a variable is a text, a number, or true or false",
        "`LIMTI` is not declared (did you mean `LIMIT`?)",
        "`LIMITS` is no variable of the environment",
        "`shop` has no field `cuont` (did you mean `count`?)",
        "`things` has no field `cuont` (did you mean `count`?)",
        "`name` is computed behind `count`, which asks for it",
        "`today` is never given to this expression",
        "`size.x` lies in an object; whole fields are computed",
        "there is no filter `lowr` (did you mean `lower`?)",
        "`things` has no field `nmae` (did you mean `name`?)",
        "`older_than` is no length of time (write it like `12 months` or `90 days`)",
        "`count` holds neither a date nor a time",
        "records of `things` lie in no other",
        "`batch` must be between 1 and 5000",
        "records of `boxes` have to do with versions",
        "records of `racks` have to do with versions",
        "nothing says which records go",
        "`brought_back_stay` is no length of time",
        "`boxes` has no field `nam` (did you mean `name`?)",
        "nothing archives `boxes` by itself",
        "`Nightly` is no name for a schedule",
        "`61 * * * *` is no cron expression",
        "records of `plain` are not archived (declare `archive` for `plain`)",
        "an archive is given nothing",
        "`0 0 30 2 *` never comes round",
        "`jitter` is no length of time",
        "none are (write `missed: all` beside it",
        "a schedule does exactly one thing (one of: `source`, `task`, `archive`)",
        "`at_most` must be between 1 and 1000",
        "`10pm` is no time of the day (write it like `22:00`)",
        "there is no collection `thngs` (did you mean `things`?)",
        "`monday` is no day of the week",
        "there is no time zone `Europe/Berln` (did you mean `Europe/Berlin`?)",
        "it begins and ends at 06:00",
        "there is no source `nowhere`",
        "`naming` does not run as a job over versions",
        "`nmae` is not known here (did you mean `name`?)",
        "`count` must be",
        "`refersh` is not known here (did you mean `refresh`?)",
        "`debug` must be",
        "`wordless` says nothing of what it is given (add `input: schemas/INPUT.json` to `wordless`)",
        "`soon` is no length of time (write it like `300s` or `5m`)",
        "only answers to GET can be kept",
        "answers are kept for less than 24 hours",
        "nothing says whose changes end it",
        "`$each`: only an error has faults to make a list of",
        "`$field` is not known here",
        "`$dat` is not known here (did you mean `data`?)",
        "`$eahc` is no key of an envelope (did you mean `$each`?)",
        "`$each`: what stands beside it is lost: a list has no keys (write it one level deeper)",
        "`$feild` is not known here (did you mean `field`?)",
        "`$each`: its entries are the same for every fault",
        "`$each`: it stands in another `$each`, where there is one fault (leave it out)",
        "what `mine.get` answers is not the same for everybody",
        "it is gone before it is deprecated",
        "nothing answers at `/v2/thing` (did you mean `/v2/things`?)",
        "`yesterday` is no day (write it like `2027-06-01`)",
        "`GET /old/{thing}` does not know `{id}`",
        "`v1` must begin with `/`",
        "there is no other version at `/v3`",
        "this version has no paths (say `inherits: true`, or name its `paths`)",
        "nothing is inherited, so nothing can be left out",
        "the main version has no `GET /thinks` (did you mean `GET /things`?)",
        "the usual limit must be between 1 and the most, 50",
        "the usual limit of `GET /long` is more than the most, 50",
        "`$dta` is not known here (did you mean `data`?)",
        "there is no shape `prat` (did you mean `part`?)",
        "no route uses the shape `part`",
        "`...` spreads what lies there: it is no id (name the field that is one: `id: id | number`)",
        "the engine has no error `not_fund`",
        "200 is no status of an error",
        "`code` must be a number or a text",
    ] {
        assert!(report.contains(told), "`{told}` is not told:\n{report}");
    }
    assert!(!report.contains("cannot be understood"), "{report}");
    assert!(!report.contains("there is no shape `two`"), "what is fixed is no shape: {report}");
}

#[test]
fn every_fault_of_questions_is_told() {
    let report = folder(&tests_folder("broken-questions"), &operations()).to_string();
    for told in [
        "the language `xx` cannot be told from others",
        "`en` stands twice",
        "`things` has no field `nmae` (did you mean `name`?)",
        "`notes` has no field `analysis_type` for what is kept",
        "only answers about a text are kept",
        "there is no collection `notse` (did you mean `notes`?)",
        "`most` must be at least 1",
        "`beside` chooses one record, and `most` takes all",
        "`records` cannot be the name of a table that is asked about",
        "`Things` cannot be the name of a table that is asked about",
        "there is no collection `thngs` (did you mean `things`?)",
        "`Things` needs a column",
        "`Name` cannot be the name of a column",
        "only text has words that mean a value",
        "`things` has no field `colour`",
        "there is no document `config/nothing.yaml`",
        "`first` has no questions in `en`",
        "`name` holds no time",
        "`months` must be between 1 and 120",
        "`reach_days` must be between 1 and 36500",
        "`things` is not searched by words",
        "`question` is given to the templates of questions already",
        "there is no document `config/startres.yaml` (did you mean `starters`?)",
        "`things` is no document of `config/`",
        "a temperature is between 0 and 2, not 3",
        "prompts/gone.md",
        "`result` is never given to this template",
        "`things` has no field `cuont` (did you mean `count`?)",
        "`turns` must be at least 1",
        "`similar.recent.months` must be at least 1",
        "`things` has no field `wehn`",
        "`notes` has no field `naem` (did you mean `name`?)",
        "`count` holds neither a day nor a time",
        "`embed.recent.months` must be at least 1",
        "`recnet` is not known here (did you mean `recent`?)",
        "records of `parts` lie in versions, which are found by meaning as a whole",
        "a query is written anew at most 5 times",
        "`limits.rows` must be at least 1",
        "`cost` must be more than 0",
    ] {
        assert!(report.contains(told), "`{told}` is not told:\n{report}");
    }
}

#[test]
fn every_fault_of_a_source_is_told() {
    let report = folder(&tests_folder("broken-source"), &operations()).to_string();
    for told in [
        "`Loud` is no name for a source",
        "`row` is never given here (given are: it, env",
        "there is no field `wind`",
        "must be a time of at most 30s",
        "there is no collection `riders`",
        "`SEA_URL` is no variable of the environment",
        "there is no filter `shout`",
        "there is no file `config/sources/gone.yaml`",
        "`methode` is not known here",
        "there is a step `first` already",
        "`option[` is no CSS selector",
        "`days` is not taken by this step or one before it",
        "a step has either `url`, `file` or `records`",
        "`idz` is never given here (given are: cursor, ids, env",
        "`(<div` is no regular expression",
        "there is no field `length`",
        "`column` means nothing here",
        "only the entries of a list are mapped",
        "only a source of JSON has a cursor",
        "there is no field `number`",
        "a source with a cursor never says that a record is gone",
        "(an expression stands here without `{{` and `}}`)",
        "`rows` is never given here (given are: row, it,",
        "somebody is asked: either a `task` or a `lookup`",
        "`keep_least` is a share, from 0 to 1",
        "must be a time, such as `30s`",
        "must be at least 1",
        "there is no collection `ridez` (did you mean `rides`?)",
        "`CALENDER_URL` is no variable of the environment",
        "there is no task `read_row`",
        "there is no filter `claen` (did you mean `clean`?)",
        "records of `legs` lie in those of `rides`",
        "nothing keeps two records from having the same name (add `unique: [[name]]` to the collection)",
        "`legs` has no field `colour`",
        "there is no test `matchink` (did you mean `matching`?)",
        "there is no file `data/legs.csv`",
        "`legs` has no field `is_gone`",
    ] {
        assert!(report.contains(told), "`{told}` is not told:\n{report}");
    }
}
