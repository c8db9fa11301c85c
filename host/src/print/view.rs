//! A result as people read it: fields, a table, a text, or pretty JSON, as the command's view says.

use super::sanitize::{clean, clean_lines};
use if_manifest::model::View;
use serde_json::Value;

/// Widest cell of a table: two such columns still fit a line of 100 characters.
const CELL_WIDTH_MAX: usize = 48;

/// The result in the manner of `view`. Whatever does not fit the view is shown as fields.
pub fn render(view: &View, result: &Value) -> String {
    match view {
        View::Json => pretty(result),
        View::Text { pointer } => match result.pointer(pointer) {
            Some(Value::String(text)) => clean_lines(text),
            Some(other) => scalar(other),
            None => fields(result),
        },
        View::Table { rows, columns } => match result.pointer(rows).and_then(Value::as_array) {
            Some(list) => table(columns, list),
            None => fields(result),
        },
        View::Fields => fields(result),
    }
}

/// A table of these members, one line per row, columns aligned.
pub fn table(columns: &[String], rows: &[Value]) -> String {
    let header = columns.iter().map(|name| name.to_uppercase()).collect::<Vec<_>>();
    let cell = |row: &Value, name: &String| row.get(name).map_or_else(String::new, scalar);
    let body = rows.iter().map(|row| columns.iter().map(|name| shorten(cell(row, name))).collect());
    align(&std::iter::once(header).chain(body).collect::<Vec<Vec<String>>>())
}

fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn shorten(text: String) -> String {
    if text.chars().count() <= CELL_WIDTH_MAX {
        return text;
    }
    text.chars().take(CELL_WIDTH_MAX - 1).chain(['…']).collect()
}

fn fields(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) => {
            let width = map.keys().map(|key| key.chars().count()).max().unwrap_or(0);
            for (key, value) in map {
                let key = clean(key);
                text.push_str(&format!(
                    "{:<1$}  {2}\n",
                    format!("{key}:"),
                    width + 1,
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

/// JSON over several lines; control characters are escaped by the encoding itself.
fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    clean_lines(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(view: View, result: Value, expect: &str) {
        assert_eq!(render(&view, &result), expect);
    }

    #[test]
    fn each_view_has_its_manner() {
        check(View::Fields, json!({"scene": "A\u{1b}", "on": true}), "scene:  A\non:     yes\n");
        check(View::Fields, json!(["a", 1]), "a\n1\n");
        let view = View::Table { rows: "/s".into(), columns: vec!["name".into(), "index".into()] };
        check(view.clone(), json!({"s": [{"name": "Main", "index": 0}]}), "NAME  INDEX\nMain  0\n");
        check(view, json!({"t": 1}), "t:  1\n");
        check(View::Text { pointer: "/x".into() }, json!({"x": "a\nb"}), "a\nb");
    }

    #[test]
    fn long_cells_are_cut_and_say_so() {
        let text = table(&["n".into()], &[json!({"n": "x".repeat(200)})]);
        assert!(
            text.lines().all(|line| line.chars().count() <= CELL_WIDTH_MAX) && text.contains('…')
        );
    }
}
