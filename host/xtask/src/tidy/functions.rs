//! How long functions are: lines of code between a body's braces, as clippy counts them. Clippy
//! holds the host to it; this holds everything else too (plugins, guests, the SDK, macros).

use super::skeleton;

/// A function's name, the line it starts on, and its lines of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// Every function with a body, in order; one inside another is counted on its own as well.
pub fn of(source: &str) -> Vec<Function> {
    let skeleton = skeleton::of(source);
    let mut functions = Vec::new();
    let mut from = 0;
    while let Some(at) = next_keyword(&skeleton, from) {
        from = at + 2;
        if let Some(function) = read(&skeleton, at) {
            functions.push(function);
        }
    }
    functions
}

/// Where the next `fn` stands as a word of its own.
fn next_keyword(skeleton: &str, from: usize) -> Option<usize> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '#';
    let mut at = from;
    loop {
        at += skeleton.get(at..)?.find("fn")?;
        let before = skeleton.get(..at)?.ends_with(word);
        let after = skeleton.get(at + 2..)?.starts_with(word);
        if !before && !after {
            return Some(at);
        }
        at += 2;
    }
}

/// Reads the function whose `fn` stands here; none for a function type or a mere declaration.
fn read(skeleton: &str, at: usize) -> Option<Function> {
    let rest = skeleton.get(at + 2..)?;
    let name: String =
        rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return None;
    }
    let open = rest.find(['{', ';']).filter(|open| rest[*open..].starts_with('{'))?;
    let body = rest.get(open..)?;
    let inside = body.get(1..matching(body)?)?;
    Some(Function {
        name,
        line: skeleton.get(..at)?.matches('\n').count() + 1,
        lines: inside.lines().filter(|line| !line.trim().is_empty()).count(),
    })
}

/// Where the brace closes that opens this text.
fn matching(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_their_lines_of_code() {
        let source = "\
trait T { fn declared(&self); }
type F = fn(u8) -> u8;
/// fn commented() {}
pub async fn long<T>(x: T) -> Vec<u8>
where
    T: Copy,
{
    // a comment

    let text = \"fn not_me() { }\";
    fn inner() {
        one();
    }
    text
}
fn empty() {}
";
        let function = |name: &str, line, lines| Function { name: name.into(), line, lines };
        let expected = [function("long", 4, 5), function("inner", 11, 1), function("empty", 16, 0)];
        assert_eq!(of(source), expected);
    }
}
