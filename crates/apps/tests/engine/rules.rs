//! Without a model: from a list to an accepted proposal and back, all of it by the rules.

use apps::{
    ask::{Decision, Revert, TaskOutcome},
    diff,
    proposal::{Status, Suggested},
    record,
};
use base::{RecordId, VersionId};
use identity::Reach;
use serde_json::{Value as Json, json};

use crate::house::{House, code, coded, file, item, job_of, run, sample, text, version_of};

testkit::on_both! {
    async fn an_import_makes_a_first_version_that_is_active(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, result) = house.sample("Sample").await;

        let version = house.active(record).await;
        assert_eq!((version.number, version.label.as_str()), (1, "Initial import"));
        assert_eq!(version.id, version_of(&result));
        assert_eq!(version.produced_by.as_deref(), Some("rules"));
        assert_eq!(version.prompt_version, None, "no prompt was used");
        assert_eq!(version.record_count, 27);
        assert_eq!(result["record_count"], 27);
        assert_eq!(result["rows"], json!({"read": 27, "kept": 27, "skipped": 0, "warned": 1}), "{result}");
        assert!(version.summary.expect("a summary").starts_with("27 items were classified by rules"));

        let items = house.items(version.id).await;
        let codes: Vec<_> = items.iter().map(|it| text(it, "code")).collect();
        assert_eq!(codes[14], "5-CON-60-M", "a code that was missing is worked out");
        assert_eq!(codes[20], "5-CON-00-CB-2", "and counted when another has it");
        assert_eq!(text(&items[0], "application"), "water", "`potable` is water");
        assert!(result["proposal_count"].as_u64() > Some(3));
        let proposals = house.proposals(version.id).await;
        assert!(proposals.iter().all(|it| it.produced_by == "rules" && it.status == Status::Pending));
        assert_eq!(house.audited("import_started").await, 1);
        assert_eq!(house.audited("version_created").await, 1);
        assert_eq!(house.audited("version_activated").await, 1);
        house.is_in_order().await;
        assert_eq!(house.count("SELECT CAST(COALESCE(sum(uses), 0) AS BIGINT) AS total FROM blobs").await, 0, "the list was given back");
    }

    async fn an_item_with_a_section_gets_its_division_and_the_uses_are_counted(db: testkit::Database) {
        let house = House::without_model(db).await;
        let list = "label,section,application,division\n8\" PVC SDR-35,33 31 00,,\n8\" DIP CL52,33 14 00,,\n6\" GATE VALVE,,water,\nSILT FENCE,31 25 00,,32\n";
        let (record, _) = house.import("Sections", file("a.csv", list)).await;
        let version = house.active(record).await;
        let items = house.items(version.id).await;
        let divisions: Vec<_> = items.iter().map(|it| text(it, "csi_division")).collect();
        assert_eq!(divisions, ["33", "33", "", "32"], "what the list says of a division stays");
        let details = version.details.expect("details");
        assert_eq!(details["divisions_found"], json!(["32", "33"]));
        assert_eq!(details["applications_breakdown"], json!({"other": 1, "sanitary_sewer": 1, "water": 2}));
        assert_eq!(details["total_items"], 4);
        assert_eq!(details["recommendations"], json!(["Some items have no CSI section."]));

        // More than one batch: what is told is told of all.
        let rows: String = (0..230).map(|it| format!("{} INCH PVC SDR-35 NO {it},33 31 00\n", 4 + it % 9)).collect();
        let (record, _) = house.import("Many", file("a.csv", format!("label,section\n{rows}"))).await;
        let details = house.active(record).await.details.expect("details");
        assert_eq!((&details["total_items"], &details["applications_breakdown"]), (&json!(230), &json!({"sanitary_sewer": 230})));
    }

    async fn a_refactor_waits_for_approval_and_can_be_taken_back(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, result) = house.sample("Sample").await;
        let first = version_of(&result);
        let rule = make_rule(&house, "dots").await;

        let accepted = house.task("refactor", record, json!({"rule_id": rule, "label": "Dots"})).await;
        let made = house.done(&accepted.expect("a job")).await;
        let second = version_of(&made);
        assert_eq!(house.active(record).await.id, first, "nothing changes before somebody approves");
        let versions = house.versions(record).await;
        assert_eq!(versions[1].label, "Dots");
        assert_eq!(versions[1].task.as_deref(), Some("refactor"));
        assert_eq!(versions[1].based_on, Some(first));
        let inputs = versions[1].inputs.clone().expect("what it was made with");
        assert_eq!(inputs["rule"]["rules_json"]["code_format"]["separator"], ".", "{inputs}");

        let compared = compare(&house, first, second).await;
        assert_eq!(compared["counts"]["added"], 0);
        assert_eq!(compared["counts"]["removed"], 0);
        assert_eq!(compared["counts"]["renamed"], 27, "{}", compared["counts"]);
        let renamed = compared["renamed"].as_array().expect("a list");
        let pipe = renamed.iter().find(|it| it["before"] == "2-DIP-06-P").expect("the pipe");
        assert_eq!(pipe["after"], "2.DIP.06.P");

        let shown = house.engine.activate(&house.editor(), second, Some(record), None).await;
        assert_eq!(shown.expect("it becomes active")["is_active"], true);
        assert_eq!(house.active(record).await.id, second);

        let ask = Revert { record, collection: None, number: 1, label: None, reason: Some("no dots".into()) };
        let accepted = house.engine.revert(&house.editor(), ask.clone()).await.expect("a job");
        let back = house.done(&accepted).await;
        assert_eq!(back["number"], 3);
        let third = house.active(record).await;
        assert_eq!((third.number, third.id), (3, version_of(&back)));
        assert_eq!(house.codes(third.id).await, house.codes(first).await);
        assert_eq!(compare(&house, first, third.id).await["counts"]["unchanged"], 27);

        let same = Revert { number: 3, ..ask.clone() };
        assert_eq!(code(house.engine.revert(&house.editor(), same).await), "same_version");
        let nowhere = Revert { number: 9, ..ask };
        assert_eq!(code(house.engine.revert(&house.editor(), nowhere).await), "version_not_found");
        house.is_in_order().await;
    }

    async fn an_analysis_looks_only_where_it_is_told_to(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, result) = house.import("Plain", file("a.csv", "label,unit\n8\" PVC SDR-35,FT\n")).await;
        let before = house.proposals(version_of(&result)).await.len();

        let asked = house.task("recommendation", record, json!({"focus_areas": ["csi_mapping"]})).await;
        let found = house.done(&asked.expect("a job")).await;
        assert_eq!(found["proposal_count"], 0, "{found}");
        let asked = house.task("recommendation", record, json!({"focus_areas": ["inconsistencies"]})).await;
        let found = house.done(&asked.expect("a job")).await;
        assert_eq!((found["proposal_count"].clone(), found["produced_by"].clone()), (json!(0), json!("rules")));
        assert!(found["known_before"].as_u64() >= Some(1), "what the import found is not proposed again");
        let unit = house.proposals(version_of(&result)).await;
        assert!(before >= 1 && unit.iter().any(|it| it.suggestion.contains("Unit FT")), "{unit:?}");

        let refused = house.task("recommendation", record, json!({"focus_areas": ["everything"]})).await;
        assert_eq!(code(refused), "invalid_input");
    }

    async fn a_csi_mapping_proposes_a_place_for_what_has_none(db: testkit::Database) {
        let house = House::without_model(db).await;
        let list = "label,csi section\n8\" PVC SDR-35 sewer,22 11 00\n8\" DIP CL350 water,33 14 00\n";
        let (record, result) = house.import("Places", file("a.csv", list)).await;
        let asked = house.task("csi_mapping", record, json!({})).await.expect("a job");
        assert_eq!(house.done(&asked).await["proposal_count"], 1);
        let all = house.proposals(version_of(&result)).await;
        let mapped = all.iter().filter(|it| it.suggestion.contains("belongs to section"));
        let change: Vec<_> = mapped.map(|it| it.change.clone().expect("a change")["suggested"].clone()).collect();
        assert_eq!(change, [json!({"csi_division": "33", "csi_section": "33 31 00"})]);
    }

    async fn feedback_becomes_a_rules_document_at_once(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, _) = house.import("Any", file("a.csv", "label\n8\" DIP CL350\n")).await;
        let wish = json!({"text": "Sort by size, separated by dots, three digits please"});
        let answer = house.engine.task_run(&house.editor(), run("rules_from_feedback", record, wish)).await;
        let Ok(TaskOutcome::Answer(answer)) = answer else { panic!("an answer at once: {answer:?}") };
        assert_eq!((answer["produced_by"].clone(), answer["model"].clone()), (json!("rules"), Json::Null));
        let rules = &answer["answer"]["rules_json"];
        assert_eq!(rules["ordering_strategy"], "diameter-first", "{answer}");
        assert_eq!(rules["code_format"]["size_pad"], 3);
        let empty = house.engine.task_run(&house.editor(), run("rules_from_feedback", record, json!({}))).await;
        assert_eq!(code(empty), "invalid_input");
        let step = house.engine.task_run(&house.editor(), run("initial_analysis", record, json!({}))).await;
        assert_eq!(code(step), "invalid_input");
    }

    async fn a_delta_changes_what_it_recognises_and_adds_the_rest(db: testkit::Database) {
        let house = House::without_model(db).await;
        let items = "code,label,unit\nA-1,8\" DIP CL350,FT\nA-2,8\" PVC SDR-35,LF\n";
        let (record, _) = house.import("Delta", file("a.csv", items)).await;
        let delta = json!([
            {"code": "a-1", "original_label": "8\" DIP CLASS 350", "metadata": {"unit": "LF"}},
            {"original_label": "8\" pvc sdr-35", "description": "sewer pipe"},
            {"original_label": "6\" GATE VALVE"},
        ]);
        let accepted = house.change(record, delta).await.expect("a job");
        let made = house.done(&accepted).await;
        assert_eq!(made["counts"], json!({"added": 1, "changed": 2, "unchanged": 0}), "{made}");
        let version = house.active(record).await;
        assert_eq!((version.number, version.label.as_str()), (2, "1 added, 2 changed"));
        let items = house.items(version.id).await;
        assert_eq!(text(&items[0], "original_label"), "8\" DIP CLASS 350");
        assert_eq!(text(&items[0], "metadata.unit"), "LF");
        assert_eq!(text(&items[1], "description"), "sewer pipe");
        assert_eq!(text(&items[1], "code"), "A-2", "what is recognised by its label keeps its code");
        assert_eq!(text(&items[2], "code"), "4-DIP-06-G", "what is new gets a code");
        house.is_in_order().await;
    }

    async fn an_accepted_proposal_becomes_a_version_and_is_decided_once(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, result) = house.sample("Sample").await;
        let proposals = house.proposals(version_of(&result)).await;
        let unit = proposals.iter().find(|it| it.suggestion.contains("Unit FT")).expect("a proposal");
        let accepted = house.engine.proposal_accept(&house.editor(), unit.id, None).await.expect("a job");
        let made = house.done(&accepted).await;
        assert_eq!(made["applied"], json!([unit.id]));
        let version = house.active(record).await;
        assert_eq!((version.number, version.id), (2, version_of(&made)));
        let items = house.items(version.id).await;
        let changed = items.iter().find(|it| Some(it.lineage) == unit.lineage).expect("the item");
        assert_eq!(text(changed, "metadata.unit"), "LF");

        let again = house.engine.proposal_accept(&house.editor(), unit.id, None).await;
        assert_eq!(code(again), "proposal_decided");
        let refused = house.engine.proposal_reject(&house.editor(), unit.id, None, None).await;
        assert_eq!(code(refused), "proposal_decided");
        house.is_in_order().await;
    }

    async fn what_was_refused_is_not_proposed_again_for_a_later_version(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, result) = house.import("Plain", file("a.csv", "label,unit\n8\" PVC SDR-35,FT\n")).await;
        let all = house.proposals(version_of(&result)).await;
        let unit = all.iter().find(|it| it.suggestion.contains("Unit FT")).expect("a proposal");
        let no = house.engine.proposal_reject(&house.editor(), unit.id, Some("we count in FT".into()), None).await;
        no.expect("refused");
        let changed = house.change(record, json!([{"original_label": "NEW"}])).await.expect("a job");
        let version = version_of(&house.done(&changed).await);
        let asked = house.task("recommendation", record, json!({})).await.expect("a job");
        house.done(&asked).await;
        let again = house.proposals(version).await;
        assert!(again.iter().all(|it| !it.suggestion.contains("Unit FT")), "{again:?}");
    }

    async fn several_accepted_at_once_give_one_version(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (record, result) = house.sample("Sample").await;
        let all = house.proposals(version_of(&result)).await;
        let of_a_kind = |is_so: fn(&Suggested) -> bool| -> Vec<_> {
            all.iter().filter(|it| is_so(&Suggested::of(it))).map(|it| it.id).collect()
        };
        let sets = of_a_kind(|it| matches!(it, Suggested::Set(_)));
        assert!(sets.len() >= 3, "{sets:?}");
        let editor = house.editor();
        let decide = |ids, action| house.engine.proposals_decide(&editor, ids, action, None);
        let decided = decide(sets.clone(), Decision::Accept).await.expect("a job");
        assert_eq!(decided["accepted"], sets.len());
        assert_eq!(decided["jobs"].as_array().map(Vec::len), Some(1));
        let made = house.done(&decided).await;
        assert_eq!(made["applied"].as_array().map(Vec::len), Some(sets.len()), "{made}");
        assert_eq!(house.versions(record).await.len(), 2);

        let again = decide(sets.clone(), Decision::Accept).await.expect("nothing, told so");
        assert_eq!((again["accepted"].clone(), again["job"].clone()), (json!(0), Json::Null));
        assert_eq!(again["skipped"].as_array().map(Vec::len), Some(sets.len()));

        let mut advice = of_a_kind(|it| *it == Suggested::Advice);
        advice.pop();
        let noted = decide(advice.clone(), Decision::Accept).await.expect("a job");
        let made = house.done(&noted).await;
        assert_eq!(made["version"], Json::Null, "advice changes nothing by itself");
        assert_eq!(house.versions(record).await.len(), 2);
        let rest = house.proposals(version_of(&result)).await;
        let rest: Vec<_> = rest.iter().filter(|it| it.status == Status::Pending).map(|it| it.id).collect();
        let put_away = decide(rest.clone(), Decision::Dismiss).await;
        assert_eq!(put_away.map(|it| it["dismissed"].clone()).ok(), Some(json!(rest.len())));
        assert_eq!(code(decide(Vec::new(), Decision::Accept).await), "invalid_input");
        house.is_in_order().await;
    }

    async fn a_version_is_handed_out_in_every_format_that_is_declared(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (_, result) = house.sample("Sample").await;
        let version = version_of(&result);
        for format in ["csv", "excel", "json", "hcss"] {
            let file = house.engine.version_export(&house.editor(), version, format, false).await;
            let file = file.unwrap_or_else(|error| panic!("{format}: {error}"));
            assert!(file.name.starts_with("Sample-v1-2026-11-21"), "{}", file.name);
            assert!(file.bytes.len() > 500, "{format} has something in it");
        }
        let odd = house.engine.version_export(&house.editor(), version, "pdf", false).await;
        assert_eq!(code(odd), "invalid_input");
    }

    async fn a_list_can_be_looked_at_before_it_is_taken(db: testkit::Database) {
        let house = House::idle(db, models::Settings::default(), Default::default()).await;
        let upload = apps::ask::Upload { name: "sample-items.csv".into(), bytes: sample("sample-items.csv").into() };
        let seen = house.engine.import_preview(&house.editor(), "codebooks", upload).await.expect("a look");
        assert_eq!(seen["counts"]["kept"], 27);
        assert_eq!(seen["rows"].as_array().map(Vec::len), Some(20));
        let label = seen["columns"].as_array().and_then(|it| it.iter().find(|it| it["header"] == "Material"));
        assert_eq!(label.map(|it| it["field"].clone()), Some(json!("original_label")), "{seen}");
        assert_eq!(house.count("SELECT count(*) AS total FROM versions").await, 0);
    }

    async fn what_cannot_be_asked_for_is_refused_before_a_job_is_written(db: testkit::Database) {
        let house = House::idle(db, models::Settings::default(), Default::default()).await;
        let accepted = house.begin_import("Waiting", file("a.csv", "label\nPIPE\n")).await.expect("a job");
        let record = crate::house::record_of(&accepted);
        let early = house.task("refactor", record, json!({})).await;
        assert_eq!(code(early), "no_active_version");
        let twin = house.begin_import("Waiting", file("a.csv", "label\nPIPE\n")).await;
        assert_eq!(code(twin), "not_unique");
        let nothing = house.begin_import("Empty", file("a.csv", "label\n")).await;
        assert_eq!(code(nothing), "invalid_file");
        let no_items = house.begin_import("None", apps::ask::Source::Items(Vec::new())).await;
        assert_eq!(code(no_items), "invalid_file");
        let unknown = house.engine.task_run(&house.editor(), run("dream", record, json!({}))).await;
        assert_eq!(code(unknown), "not_found");
        let stray = json!({"rule_id": RecordId::generate().to_string()});
        let feedback = run("rules_from_feedback", record, json!({"text": "x", "rule_id": stray["rule_id"]}));
        assert_eq!(code(house.engine.task_run(&house.editor(), feedback).await), "record_not_found");
        let jobs = "SELECT count(*) AS total FROM jobs";
        assert_eq!(house.count(jobs).await, 1);
        assert_eq!(house.count("SELECT count(*) AS total FROM records WHERE collection = 'codebooks'").await, 1);
        let _ = job_of(&accepted);
    }

    async fn many_items_keep_their_places_and_their_numbers(db: testkit::Database) {
        let house = House::without_model(db).await;
        let items: Vec<Json> = (0..1_050)
            .map(|at| if at % 3 == 0 { item("GATE VALVE 6\"") } else { coded("SAME", &format!("ITEM {at}")) })
            .collect();
        let (record, result) = house.import("Many", apps::ask::Source::Items(items)).await;
        assert_eq!(result["record_count"], 1_050, "{result}");
        let version = house.active(record).await;
        let items = house.items(version.id).await;
        assert_eq!(text(&items[1_048], "original_label"), "ITEM 1048");
        let codes: std::collections::HashSet<_> = items.iter().map(|it| text(it, "code")).collect();
        assert_eq!(codes.len(), 1_050, "no code is there twice");
        house.is_in_order().await;
    }
}

/// A rule of the tenant with dots between the parts of a code.
async fn make_rule(house: &House, name: &str) -> String {
    let data = json!({"name": name, "is_active": true, "rules_json": {
        "ordering_strategy": "material-first",
        "naming_template": "${family}-${material}-${diameter}-${type_code}",
        "code_format": {"separator": ".", "family_prefix": true, "size_pad": 2}
    }});
    let (engine, tenant, now) = (house.engine.clone(), house.tenant, house.clock.now());
    let act = record::Act { reach: Reach::Tenant(tenant), actor: base::Actor::operator(), now };
    let operator = base::Actor::operator();
    let made = house.store.write(&operator, now, move |tx| {
        let kit = engine.folder().kits().get("rules").expect("the application has rules");
        let data = kit.check(data).expect("a rule that fits");
        record::create(tx, kit, &act, record::NewRecord { tenant, parent: None, data })
    });
    made.await.expect("the rule is made").id.to_string()
}

async fn compare(house: &House, one: VersionId, other: VersionId) -> Json {
    let engine = house.engine.clone();
    house
        .read(move |db| {
            Ok::<_, apps::version::VersionError>(diff::view(&diff::load(
                db,
                engine.folder().kits(),
                Reach::All,
                one,
                other,
            )?))
        })
        .await
}
