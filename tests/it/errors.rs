//! Every error code: provoked through the real binary, shown as its page shows it, and mended by
//! the very lines that its page gives.
//!
//! A trial sets the stage. The page does the rest: its `console` block is typed and compared, then
//! the lines of "What to do" are typed, and each must end well without the code. A code without
//! a trial fails, and so does a page that loses its lines.

mod forge;
mod limits;
mod people;
mod stage;
mod trials;

use crate::lab::Lab;
use if_pages::{Block, blocks, difference, section};
use stage::Stage;
pub use stage::date_allow_list;
use std::collections::BTreeSet;
use trials::{ALL, Remedy, Trial};

/// Codes that are an outcome and not a refusal: they are not printed.
const SILENT: &[&str] = &["IF_ERR_PLANNED", "IF_ERR_BROKEN_PIPE"];

/// Where the real output of a page that is not true any more is put, for its mending.
const FOUND: &str = "target/error-pages";

/// Where the pages are written; what the program prints is made of them.
const PAGES: &str = "host/crates/core/src/code";

/// The page of a code as it is written.
fn page(code: &str) -> String {
    std::fs::read_to_string(crate::lab::root().join(PAGES).join(format!("{code}.md"))).unwrap()
}

/// What a command that ends with this code exits with.
fn exit_of(code: &str) -> i32 {
    let value = Lab::bare().run(["explain", code, "--json"]).json();
    i32::try_from(value["exit"].as_i64().unwrap()).unwrap()
}

fn blocks_of(page: &str, heading: &str, language: &str) -> Vec<Block> {
    let page = format!("\n{page}");
    let section = section(&page, heading).unwrap();
    blocks(section).into_iter().filter(|block| block.language == language).collect()
}

/// Types the page's example and compares.
fn looks(trial: &Trial, page: &str, exit: i32, stage: &mut Stage) -> Result<(), String> {
    let examples = blocks_of(page, "## How it looks", "console");
    let steps: Vec<_> = examples.iter().flat_map(Block::steps).collect();
    let (last, before) = steps.split_last().ok_or("the page shows nothing")?;
    let mut found = String::new();
    let mut wrong = Vec::new();
    for (step, expected) in before.iter().map(|step| (step, step.exit)).chain([(last, exit)]) {
        let said = stage.shell.take(step).unwrap();
        found.push_str(&format!("$ {}\n{}", step.typed, said.printed));
        if said.exit != expected {
            wrong.push(format!("`{}` ended with {}, not {expected}", step.typed, said.exit));
        }
        wrong.extend(difference(step.prints.as_deref().unwrap_or_default(), &said.printed));
    }
    let shown = last.prints.as_deref().unwrap_or_default().contains(trial.code);
    if !shown && !SILENT.contains(&trial.code) {
        wrong.push("the page's example does not show the code".to_owned());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let folder = crate::lab::root().join(FOUND);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(trial.code), found).unwrap();
    Err(wrong.join("\n"))
}

/// Types the page's remedy; the last line must end well, and none may show the code again.
fn mended(trial: &Trial, page: &str, stage: &mut Stage) -> Result<(), String> {
    let lines = blocks_of(page, "## What to do", "sh");
    match (trial.remedy, lines.is_empty()) {
        (Remedy::Outside, true) => return Ok(()),
        (Remedy::Outside, false) => return Err("the page gives lines: try them".to_owned()),
        (_, true) => return Err("the page gives no lines that mend it".to_owned()),
        (Remedy::Lines, false) => {}
        (Remedy::After(happens), false) => happens(stage),
    }
    for step in lines.iter().flat_map(Block::steps) {
        let said = stage.shell.run(&step.typed).unwrap();
        if said.exit != step.exit || said.printed.contains(trial.code) {
            return Err(format!(
                "`{}` ended with {} instead of {}:\n{}",
                step.typed, said.exit, step.exit, said.printed
            ));
        }
    }
    Ok(())
}

fn try_out(trial: &Trial) -> Result<(), String> {
    let page = page(trial.code);
    let mut stage = (trial.stage)();
    looks(trial, &page, exit_of(trial.code), &mut stage)?;
    mended(trial, &page, &mut stage)
}

fn check(room: &str) {
    let trials: Vec<&Trial> = ALL.iter().filter(|trial| trial.room == room).collect();
    assert!(!trials.is_empty(), "no trials in {room}");
    let failed: Vec<String> = trials
        .iter()
        .filter_map(|trial| Some(format!("{}\n{}", trial.code, try_out(trial).err()?)))
        .collect();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), trials.len(), failed.join("\n\n"));
}

#[test]
fn of_words_and_files_look_and_are_mended_as_their_pages_say() {
    check("usage");
}

#[test]
fn of_providers_look_and_are_mended_as_their_pages_say() {
    check("provider");
}

#[test]
fn of_packages_look_and_are_mended_as_their_pages_say() {
    check("package");
}

#[test]
fn of_trust_look_and_are_mended_as_their_pages_say() {
    check("trust");
}

#[test]
fn of_effects_and_grants_look_and_are_mended_as_their_pages_say() {
    check("effect");
}

#[test]
fn of_secrets_look_and_are_mended_as_their_pages_say() {
    check("secret");
}

#[test]
fn what_policies_and_people_refuse_is_explained() {
    check("people");
}

#[test]
fn of_limits_look_as_their_pages_say() {
    check("limit");
}

#[test]
fn of_storage_look_and_are_mended_as_their_pages_say() {
    check("storage");
}

#[test]
fn of_anchors_look_and_are_mended_as_their_pages_say() {
    check("anchor");
}

#[test]
fn every_code_has_a_trial_and_none_has_two() {
    let listed = Lab::bare().run(["explain", "--json"]).json();
    let codes: BTreeSet<&str> =
        listed["codes"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap()).collect();
    let tried: BTreeSet<&str> = ALL.iter().map(|trial| trial.code).collect();
    assert_eq!(tried.len(), ALL.len(), "a code is tried twice");
    // Whoever knows how to provoke a bug of ours mends it.
    let expected: BTreeSet<&str> = tried.into_iter().chain(["IF_ERR_BUG"]).collect();
    assert_eq!(expected, codes);
}

#[test]
fn a_page_is_found_by_what_a_person_remembers_of_its_code() {
    let lab = Lab::bare();
    let printed = lab.run(["explain", "timeout"]).ok();
    assert!(printed.starts_with("# IF_ERR_TIMEOUT\n"), "{printed}");
    assert!(printed.ends_with(&page("IF_ERR_TIMEOUT")), "{printed}");
    let error = lab.run(["explain", "IF_ERR_TIMEUOT"]).fails("IF_ERR_USAGE", 2);
    assert!(error.contains("hint: ifctl explain IF_ERR_TIMEOUT"), "{error}");
    let list = lab.run(["explain"]).ok();
    assert!(list.lines().next().unwrap().contains("CODE") && list.contains("IF_ERR_BUG"), "{list}");
}
