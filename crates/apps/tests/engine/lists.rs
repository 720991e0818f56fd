//! A list in which every row has something wrong with it: what becomes of each is said.

use serde_json::{Value as Json, json};

use crate::house::{House, code, file, text, version_of};

/// Ten rows; what is wrong with each stands beside it.
fn bad_rows() -> Vec<u8> {
    let long = "X".repeat(256);
    let rows = [
        r#""8"" PVC CAP SDR-35",PVC cap 8 inch,EA,sanitary,8"#.to_owned(),
        r#","label is empty",EA,water,6"#.to_owned(),
        r#""6"" DIP SLEEVE MJ",size in words,EA,potable,six"#.to_owned(),
        r#""10"" PVC TEE",a column is missing,EA,sanitary"#.to_owned(),
        "=CMD(1),looks like a formula,EA,other,0".to_owned(),
        r#""12"" PVC CAP SDR-35",application unknown to us,EA,gas main,12"#.to_owned(),
        format!("{long},longer than 255 characters,EA,other,0"),
        r#""8"" PVC CAP SDR-35",second time the same label,EA,sanitary,8"#.to_owned(),
        "\"6\"\" GATE VALVE\0 RW\",null byte in the label,EA,water,6".to_owned(),
        r#""4"" PVC CAP SDR-35",good row at the end,EA,sanitary sewer,4"#.to_owned(),
    ];
    format!("label,description,unit,application,diameter\n{}\n", rows.join("\n")).into_bytes()
}

testkit::on_both! {
    async fn every_bad_row_has_its_fate_and_the_good_ones_are_taken(db: testkit::Database) {
        let house = House::without_model(db).await;
        let (_, result) = house.import("Bad", file("bad.csv", bad_rows())).await;
        let items = house.items(version_of(&result)).await;
        let fate = |row: u64| -> Vec<String> {
            let lines = result["report"].as_array().expect("a report").iter();
            lines.filter(|it| it["row"] == json!(row))
                .map(|it| format!("{} {}", it["level"].as_str().unwrap_or_default(), it["code"].as_str().unwrap_or_default()))
                .collect()
        };
        let fates: Vec<String> = (2..=11).map(|row| format!("{row}: {}", fate(row).join(", "))).collect();
        insta::assert_snapshot!(fates.join("\n"), @r"
        2: 
        3: error empty_required
        4: 
        5: warning missing_cells
        6: warning formula, warning empty
        7: warning unknown_word
        8: error invalid_value
        9: warning repeated, warning repeated
        10: warning characters_removed
        11:
        ");
        // A size in words is no fault of the row; that it is no number is proposed to be mended.
        let proposals = house.proposals(version_of(&result)).await;
        assert!(proposals.iter().any(|it| it.suggestion.contains("\"six\" is no number")), "{proposals:?}");
        let kept: Vec<_> = items.iter().map(|it| format!("{} | {} | {}", text(it, "code"), text(it, "original_label"), text(it, "application"))).collect();
        insta::assert_snapshot!(kept.join("\n"), @r#"
        3-PVC-08-K | 8" PVC CAP SDR-35 | sanitary_sewer
        3-DIP-06-C | 6" DIP SLEEVE MJ | water
        3-PVC-10-T | 10" PVC TEE | sanitary_sewer
        UNCLASSIFIED-0001 | =CMD(1) | other
        3-PVC-12-K | 12" PVC CAP SDR-35 | sanitary_sewer
        3-PVC-08-K-2 | 8" PVC CAP SDR-35 | sanitary_sewer
        4-DIP-06-G | 6" GATE VALVE RW | water
        3-PVC-04-K | 4" PVC CAP SDR-35 | sanitary_sewer
        "#);
        assert_eq!(result["rows"]["read"], 10);
        assert_eq!(result["rows"]["kept"], items.len());
        assert_eq!(result["rows"]["kept"].as_u64().zip(result["rows"]["skipped"].as_u64()).map(|(a, b)| a + b), Some(10));
    }

    async fn a_repeated_code_is_told_once_and_counted_alike_before_and_after(db: testkit::Database) {
        let house = House::without_model(db).await;
        let list = "code,label\nA-1,first\nA-1,second\nA-2,second\nA-1,=third\n";
        let upload = apps::ask::Upload { name: "a.csv".into(), bytes: list.into() };
        let preview = house.engine.import_preview(&house.editor(), "codebooks", upload).await.expect("a preview");
        let (record, result) = house.import("Twice", file("a.csv", list)).await;
        let told = |report: &Json| -> Vec<(u64, String)> {
            let lines = report.as_array().expect("a report").iter().filter(|it| it["code"] == "repeated");
            lines.map(|it| (it["row"].as_u64().expect("a row"), it["message"].as_str().unwrap_or_default().to_owned())).collect()
        };
        let rows = |told: &[(u64, String)]| told.iter().map(|it| it.0).collect::<Vec<_>>();
        let (before, after) = (told(&preview["report"]), told(&result["report"]));
        assert_eq!((rows(&before), rows(&after)), (vec![3, 4, 5], vec![3, 4, 5]));
        assert_eq!(before[0].1, "The code `A-1` stands in row 2 already.");
        assert_eq!(after[0].1, "`A-1` belongs to another record (row 2); this one became `A-1-2`");
        assert_eq!(after[1].1, "The original label `second` stands in row 3 already.");
        assert_eq!((&preview["counts"]["warned"], &result["rows"]["warned"]), (&json!(3), &json!(3)), "each row once");

        let rows = json!([{"code": "A-1", "original_label": "first"}, {"code": "a-1", "description": "more", "original_label": "first"}]);
        let accepted = house.change(record, rows).await.expect("a job");
        let changed = house.done(&accepted).await;
        let codes: Vec<_> = changed["report"].as_array().expect("a report").iter().map(|it| it["code"].clone()).collect();
        assert_eq!(codes, ["repeated", "repeated_row"], "the label repeats, and the row was laid over the first");
        assert_eq!(changed["rows"]["warned"], 1, "{changed}");
    }

    async fn what_is_no_list_is_refused_and_leaves_nothing(db: testkit::Database) {
        let house = House::idle(db, models::Settings::default(), Default::default()).await;
        for (name, bytes, expected) in [
            ("list.csv", b"PK\x03\x04 a zip named csv".to_vec(), "invalid_file_type"),
            ("list.pdf", b"%PDF-1.7".to_vec(), "invalid_file_type"),
            ("list.csv", b"unit,price\nEA,3\n".to_vec(), "invalid_file"),
            ("list.csv", b"".to_vec(), "invalid_file"),
            ("list.csv", b"label,unit\n\"8 inch pipe,LF\n9 inch pipe,LF\n".to_vec(), "invalid_file"),
            ("list.json", b"{\"items\": [".to_vec(), "invalid_json"),
            ("list.csv", many_rows(10_001), "too_many_rows"),
            ("list.csv", vec![b'a'; 11 * 1024 * 1024], "file_too_large"),
        ] {
            let refused = house.begin_import("Refused", file(name, bytes.clone())).await;
            assert_eq!(code(refused), expected, "{name} {:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(20)]));
        }
        assert_eq!(house.count("SELECT count(*) AS total FROM jobs").await, 0);
        assert_eq!(house.count("SELECT count(*) AS total FROM records WHERE collection = 'codebooks'").await, 0);
        assert_eq!(house.count("SELECT count(*) AS total FROM blobs").await, 0);
    }

    async fn fields_that_do_not_fit_are_all_named(db: testkit::Database) {
        let house = House::idle(db, models::Settings::default(), Default::default()).await;
        let ask = apps::ask::ImportCreate {
            tenant: house.tenant,
            collection: "codebooks".into(),
            data: crate::house::object(json!({"type": "dream", "colour": "red"})),
            label: None,
            notes: None,
            source: file("a.csv", "label\nPIPE\n"),
        };
        let refused = house.engine.import_create(&house.editor(), ask.clone()).await.expect_err("refused");
        assert_eq!(refused.code(), "invalid_input");
        assert!(refused.faults().len() >= 3, "{:?}", refused.faults());
        let wrong = apps::ask::ImportCreate { collection: "rules".into(), data: crate::house::object(Json::Object(Default::default())), ..ask };
        assert_eq!(code(house.engine.import_create(&house.editor(), wrong).await), "invalid_input");
    }
}

fn many_rows(count: usize) -> Vec<u8> {
    let rows: String = (0..count).map(|it| format!("PIPE {it}\n")).collect();
    format!("label\n{rows}").into_bytes()
}
