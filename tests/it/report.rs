//! The report as another program reads it: what it says, on how many pages, and that no word is
//! lost.

use crate::lab::Lab;
use std::fs;
use std::process::Command;

/// What poppler reads of a PDF: its pages as text, side by side as they are printed.
fn read(file: &str) -> Vec<String> {
    let output = Command::new("pdftotext").args(["-layout", "-enc", "UTF-8", file, "-"]).output();
    let output = output.unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\u{c}').map(str::to_owned).collect()
}

fn export(lab: &Lab, name: &str, more: &[&str]) -> String {
    let file = lab.path().join(name).display().to_string();
    let line = ["witness", "export", "--format", "pdf", "--out", &file];
    lab.run(line.iter().chain(more)).ok();
    file
}

#[test]
fn a_report_says_what_was_done_by_whom_and_how_it_is_checked() {
    if !if_servers::require!(Poppler) {
        return;
    }
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here", "--why", "show start – Zürich, 5 €"]).ok();
    lab.run(["plugin", "revoke", "noop", "--reason", "found wanting"]).ok();
    lab.run(["noop", "ping", "here", "--why", "once more"]).fails("IF_ERR_REVOKED", 4);
    lab.run(["witness", "log", "--message", "taken over 中 (half) \\ by\u{202e} night"]).ok();
    let file = export(&lab, "report.pdf", &[]);
    let text = read(&file).join("\n");
    let signed = lab.run(["witness", "checkpoint", "--json"]).json();
    for words in [
        "What was done, and what stands for it",
        signed["origin"].as_str().unwrap(),
        signed["key"].as_str().unwrap().trim(),
        "the whole log verifies",
        "noop ping here – show start – Zürich, 5 €",
        "tester",
        "taken over <U+4E2D> (half) \\ by night",
        "noop ping here – once more",
        "IF_ERR_REVOKED",
        "found wanting",
        "python3 log/verify.py log",
        "page 1 of",
    ] {
        assert!(text.contains(words), "`{words}` is missing in\n{text}");
    }
    // The checkpoint that is printed is the one that is verified.
    let note = signed["note"].as_str().unwrap();
    note.lines().filter(|line| !line.is_empty()).for_each(|line| assert!(text.contains(line)));
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn the_same_log_is_the_same_file() {
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    let (one, two) = (export(&lab, "one.pdf", &[]), export(&lab, "two.pdf", &[]));
    assert!(fs::read(&one).unwrap() == fs::read(&two).unwrap());
    lab.run(["noop", "ping", "here"]).ok();
    assert!(fs::read(&one).unwrap() != fs::read(export(&lab, "three.pdf", &[])).unwrap());
    let line = ["witness", "export", "--format", "pdf"];
    lab.run(line).fails("a report is a file", 2);
    lab.run(line.iter().chain(&["--out", &one])).fails("there already", 2);
}

#[test]
fn a_long_log_goes_on_from_page_to_page_and_no_row_is_lost() {
    if !if_servers::require!(Poppler) {
        return;
    }
    let lab = Lab::with(&["noop"]);
    let remarks: Vec<String> = (0..60).map(|at| format!("remark-{at:04} ends")).collect();
    remarks.iter().for_each(|text| drop(lab.run(["witness", "log", "--message", text]).ok()));
    let long = "long ".repeat(700);
    lab.run(["witness", "log", "--message", &format!("{long}at-last")]).ok();
    let pages = read(&export(&lab, "report.pdf", &[]));
    assert!(pages.len() > 3, "{}", pages.len());
    for (at, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("page {} of {}", at + 1, pages.len())), "{page}");
    }
    let text = pages.join("\n");
    remarks.iter().for_each(|remark| assert_eq!(text.matches(remark).count(), 1, "{remark}"));
    assert!(text.contains("at-last") && text.matches("long ").count() > 600);
    let part = read(&export(&lab, "part.pdf", &["--text", "remark-0007"])).join("\n");
    assert!(part.contains("remark-0007") && !part.contains("remark-0008"), "{part}");
    assert!(part.contains("text remark-0007\n"), "{part}");
}

#[test]
fn a_log_that_does_not_verify_is_reported_as_what_it_is() {
    if !if_servers::require!(Poppler) {
        return;
    }
    let lab = Lab::with(&["noop"]);
    lab.run(["noop", "add", "here"]).ok();
    crate::lab::sql(&lab, "UPDATE body SET bytes = CAST('another remark' AS BLOB)");
    let text = read(&export(&lab, "report.pdf", &[])).join("\n");
    assert!(text.contains("THE LOG DOES NOT VERIFY"), "{text}");
}
