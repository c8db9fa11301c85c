//! Pages as bytes; that another program reads them is shown by `tests/it/report.rs`.

use super::*;
use if_core::UnixMillis;

const COLUMNS: [Column; 2] =
    [Column { title: "what", part: 1.0 }, Column { title: "why", part: 3.0 }];

fn paper(rows: usize) -> Vec<u8> {
    let mut paper = Paper::new("A title");
    paper.heading("A table", 3);
    let mut table = paper.table(&COLUMNS);
    for row in 0..rows {
        table.row(&[&format!("row {row}"), "because"]);
    }
    let facts = Facts { title: "A title", footer: "below", at: UnixMillis(0), id: "id" };
    paper.finish(&facts)
}

fn count(bytes: &[u8], words: &str) -> usize {
    bytes.windows(words.len()).filter(|window| *window == words.as_bytes()).count()
}

#[test]
fn the_same_words_are_the_same_bytes() {
    assert_eq!(paper(100), paper(100));
    assert_ne!(paper(100), paper(101));
}

#[test]
fn a_table_goes_on_from_page_to_page_with_its_titles() {
    let bytes = paper(1000);
    let pages = count(&bytes, "/Type /Page\n");
    assert!(pages > 15, "{pages}");
    assert_eq!(count(&bytes, "(what) Tj"), pages);
    assert_eq!(count(&bytes, &format!("of {pages}) Tj")), pages);
    for row in 0..1000 {
        assert_eq!(count(&bytes, &format!("(row {row}) Tj")), 1, "{row}");
    }
}

#[test]
fn a_cell_that_no_page_can_hold_goes_on() {
    let mut paper = Paper::new("A title");
    let words: Vec<String> = (0..6000).map(|at| format!("word{at}")).collect();
    paper.table(&COLUMNS).row(&["long", &words.join(" ")]);
    let facts = Facts { title: "A title", footer: "below", at: UnixMillis(0), id: "id" };
    let bytes = paper.finish(&facts);
    assert!(count(&bytes, "/Type /Page\n") > 2);
    assert_eq!(count(&bytes, "word5999"), 1);
}

#[test]
fn brackets_and_backslashes_cannot_leave_their_string() {
    let mut paper = Paper::new("A title");
    paper.paragraph(r"a) Tj (b \ ((c");
    let facts = Facts { title: "A title", footer: "below", at: UnixMillis(0), id: "id" };
    let bytes = paper.finish(&facts);
    assert_eq!(count(&bytes, r"a\) Tj \(b \\ \(\(c") + count(&bytes, "<"), count(&bytes, "<") + 1);
}
