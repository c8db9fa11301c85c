//! A result as people read it: fields, a table, a text, or pretty JSON, as the command's view says.
//!
//! On a terminal a table is aligned and fits the width; anywhere else it is plain: one line per
//! row, cells between tabs, nothing cut, as other programs like it.

use super::canvas::{Canvas, Ink};
use super::sanitize::{clean, clean_lines};
use if_manifest::model::View;
use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between two columns of a table.
const GAP: &str = "  ";

/// Narrowest that a column is cut to: enough to tell one name from another.
const COLUMN_WIDTH_MIN: usize = 8;

impl Canvas {
    /// The result in the manner of `view`. Whatever does not fit the view is shown as fields.
    pub fn render(self, view: &View, result: &Value) -> String {
        match view {
            View::Json => pretty(result),
            View::Text { pointer } => match result.pointer(pointer) {
                Some(Value::String(text)) => clean_lines(text),
                Some(other) => scalar(other),
                None => self.fields(result),
            },
            View::Table { rows, columns } => match result.pointer(rows).and_then(Value::as_array) {
                Some(list) => self.table(columns, list),
                None => self.fields(result),
            },
            View::Fields => self.fields(result),
        }
    }

    /// A table of these members, one line per row.
    pub fn table(self, columns: &[String], rows: &[Value]) -> String {
        let header = columns.iter().map(|name| clean(name).to_uppercase()).collect::<Vec<_>>();
        let cell = |row: &Value, name: &String| row.get(name).map_or_else(String::new, inline);
        let body = rows.iter().map(|row| columns.iter().map(|name| cell(row, name)).collect());
        let lines: Vec<Vec<String>> = std::iter::once(header).chain(body).collect();
        match self.width {
            Some(width) => self.align(&lines, width),
            None => lines.iter().map(|line| line.join("\t") + "\n").collect(),
        }
    }

    fn align(self, lines: &[Vec<String>], width: usize) -> String {
        let widths = fit(natural(lines), width);
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            let cells =
                line.iter().zip(&widths).map(|(cell, width)| pad(&cut(cell, *width), *width));
            let line = cells.collect::<Vec<_>>().join(GAP);
            match index {
                0 => text.push_str(&self.ink(Ink::Heading, line.trim_end())),
                _ => text.push_str(line.trim_end()),
            }
            text.push('\n');
        }
        text
    }

    fn fields(self, value: &Value) -> String {
        let mut text = String::new();
        match value {
            Value::Object(map) => {
                let width = map.keys().map(|key| clean(key).width()).max().unwrap_or(0) + 1;
                for (key, value) in map {
                    let key = pad(&format!("{}:", clean(key)), width);
                    text.push_str(&format!(
                        "{}{GAP}{}\n",
                        self.ink(Ink::Heading, &key),
                        inline(value)
                    ));
                }
            }
            Value::Array(list) => {
                list.iter().for_each(|item| text.push_str(&format!("{}\n", inline(item))))
            }
            other => text.push_str(&format!("{}\n", scalar(other))),
        }
        text
    }
}

/// How wide each column would like to be.
fn natural(lines: &[Vec<String>]) -> Vec<usize> {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    (0..columns).map(width).collect()
}

/// The widths that fit into `most` columns together: the widest give way first, none below
/// [`COLUMN_WIDTH_MIN`].
fn fit(mut widths: Vec<usize>, most: usize) -> Vec<usize> {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    let room = most.saturating_sub(gaps);
    let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
    while excess > 0 {
        let Some(widest) = widths.iter_mut().max().filter(|width| **width > COLUMN_WIDTH_MIN)
        else {
            break;
        };
        *widest -= 1;
        excess -= 1;
    }
    widths
}

/// The text in at most `width` columns of a terminal, with an ellipsis where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let needed = c.width().unwrap_or(0);
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(list) if list.iter().all(|item| !item.is_object() && !item.is_array()) => {
            list.iter().map(scalar).collect::<Vec<_>>().join(", ")
        }
        other => scalar(other),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => clean(&other.to_string()),
    }
}

/// JSON over several lines; what a terminal must not see is left out.
fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    clean_lines(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(view: View, result: Value, expect: &str) {
        assert_eq!(Canvas::terminal(80).render(&view, &result), expect);
    }

    fn columns(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_view_has_its_manner() {
        check(View::Fields, json!({"scene": "A\u{1b}", "on": true}), "scene:  A\non:     yes\n");
        check(View::Fields, json!(["a", 1]), "a\n1\n");
        let view = View::Table { rows: "/s".into(), columns: columns(&["name", "index"]) };
        check(view.clone(), json!({"s": [{"name": "Main", "index": 0}]}), "NAME  INDEX\nMain  0\n");
        check(view, json!({"t": 1}), "t:  1\n");
        check(View::Text { pointer: "/x".into() }, json!({"x": "a\nb"}), "a\nb");
    }

    #[test]
    fn wide_characters_count_as_wide() {
        let rows = [json!({"n": "日本", "x": 1}), json!({"n": "Bühne", "x": 2})];
        let text = Canvas::terminal(80).table(&columns(&["n", "x"]), &rows);
        assert_eq!(text, "N      X\n日本   1\nBühne  2\n");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 6), "日本語");
    }

    #[test]
    fn a_table_fits_the_terminal_and_says_what_it_cuts() {
        let rows = [json!({"id": "short", "about": "x".repeat(200), "more": "y".repeat(90)})];
        for width in [20, 40, 80, 200] {
            let text = Canvas::terminal(width).table(&columns(&["id", "about", "more"]), &rows);
            let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
            assert!(widest <= width.max(25), "{width}: {text}");
            assert!(text.contains('…') && text.contains("short"), "{text}");
        }
    }

    #[test]
    fn a_program_gets_whole_cells_between_tabs() {
        let rows = [json!({"id": 1, "about": "a\tb".repeat(40)})];
        let text = Canvas::PLAIN.table(&columns(&["id", "about"]), &rows);
        assert_eq!(text, format!("ID\tABOUT\n1\t{}\n", "a b".repeat(40)));
    }
}
