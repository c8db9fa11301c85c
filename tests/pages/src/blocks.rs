//! The blocks of a page and the steps in them.

/// In a transcript, a line that is Ctrl-C: typed once what stands before it was printed.
const INTERRUPT: &str = "^C";

/// What separates a line from the exit code it must end with.
const EXIT_MARK: &str = "# exit ";

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The word behind the fence: `sh`, `console`, `rust`.
    pub language: String,
    /// The text of the comment `<!-- … -->` on the line before.
    pub mark: Option<String>,
    /// The number of its first line in the page, from 1.
    pub line: usize,
    pub text: String,
}

/// One line to type; with continuations and here-documents, several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// As typed, without the mark of its exit code.
    pub typed: String,
    /// What it must end with.
    pub exit: i32,
    /// What it prints, in a `console` block.
    pub prints: Option<String>,
    /// After how many printed lines Ctrl-C is typed.
    pub interrupt: Option<usize>,
    /// The number of its line in the page, from 1.
    pub line: usize,
}

/// All blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut mark = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => found.extend(open.take()),
            (Some(block), _) => block.text.push_str(&format!("{line}\n")),
            (None, Some(language)) => {
                let language = language.to_owned();
                let (mark, text) = (mark.take(), String::new());
                open = Some(Block { language, mark, line: index + 2, text });
            }
            (None, None) => mark = comment(line),
        }
    }
    found
}

fn comment(line: &str) -> Option<String> {
    let inner = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(inner.trim().to_owned())
}

/// The part of a page below this heading (`## Why`), up to the next of its level.
pub fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let level = heading.split(' ').next()?;
    let start = page.find(&format!("\n{heading}\n"))? + heading.len() + 2;
    let rest = page.get(start..)?;
    let end = rest.find(&format!("\n{level} ")).unwrap_or(rest.len());
    rest.get(..end)
}

impl Block {
    /// What is to be typed: each line of an `sh` block, each `$ ` line of a `console` block.
    pub fn steps(&self) -> Vec<Step> {
        match self.language.as_str() {
            "sh" => self.typed_lines(),
            "console" => self.transcript(),
            _ => Vec::new(),
        }
    }

    fn typed_lines(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let mut typed = line.to_owned();
            let end = here_document(line);
            while typed.ends_with('\\') || end.is_some() {
                let Some((_, more)) = lines.next() else { break };
                typed.push_str(&format!("\n{more}"));
                if Some(more) == end {
                    break;
                }
            }
            steps.push(step(&typed, self.line + index, None));
        }
        steps
    }

    fn transcript(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (index, line) in self.text.lines().enumerate() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(typed), _) => {
                    steps.push(step(typed, self.line + index, Some(String::new())));
                }
                (None, Some(step)) if line == INTERRUPT => {
                    let before = step.prints.as_deref().unwrap_or_default();
                    step.interrupt = Some(before.lines().filter(|line| *line != "…").count());
                }
                (None, Some(step)) => {
                    step.prints.get_or_insert_default().push_str(&format!("{line}\n"));
                }
                // Before the first line typed there is nothing that could have printed.
                (None, None) => {}
            }
        }
        steps
    }
}

fn step(typed: &str, line: usize, prints: Option<String>) -> Step {
    let marked = typed
        .rsplit_once(EXIT_MARK)
        .and_then(|(before, code)| Some((before.trim_end().to_owned(), code.trim().parse().ok()?)));
    let (typed, exit) = marked.unwrap_or_else(|| (typed.to_owned(), 0));
    Step { typed, exit, prints, interrupt: None, line }
}

/// The word that ends the here-document which this line begins: `cat > x <<'EOF'`.
fn here_document(line: &str) -> Option<&str> {
    let (_, word) = line.split_once("<<")?;
    let word = word.split_whitespace().next()?;
    let word = word.trim_matches(['\'', '"']);
    (!word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase())).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A page\n\n<!-- needs: obs -->\n```sh\n# a comment\nls \\\n  -l\n\n\
                        cat > x <<'EOF'\nls\nEOF\nfalse   # exit 1\n```\nText.\n\n\
                        ## Looks\n\n```console\n$ echo a\na\n$ true\n```\n\n## Next\n\n\
                        ```rust\nfn main() {}\n```\n";

    #[test]
    fn blocks_have_language_mark_and_place() {
        let blocks = blocks(PAGE);
        let facts: Vec<_> = blocks
            .iter()
            .map(|block| (block.language.as_str(), block.mark.as_deref(), block.line))
            .collect();
        assert_eq!(
            facts,
            [("sh", Some("needs: obs"), 5), ("console", None, 19), ("rust", None, 27)]
        );
    }

    #[test]
    fn lines_are_joined_where_a_shell_would_read_on() {
        let steps = blocks(PAGE).first().map(Block::steps).unwrap_or_default();
        let facts: Vec<_> =
            steps.iter().map(|step| (step.typed.as_str(), step.exit, step.line)).collect();
        let expected =
            [("ls \\\n  -l", 0, 6), ("cat > x <<'EOF'\nls\nEOF", 0, 9), ("false", 1, 12)];
        assert_eq!(facts, expected);
    }

    #[test]
    fn a_transcript_is_lines_and_what_they_print() {
        let steps = blocks(PAGE)[1].steps();
        let facts: Vec<_> =
            steps.iter().map(|step| (step.typed.as_str(), step.prints.as_deref())).collect();
        assert_eq!(facts, [("echo a", Some("a\n")), ("true", Some(""))]);
        assert!(blocks(PAGE)[2].steps().is_empty());
    }

    #[test]
    fn ctrl_c_is_typed_and_not_printed() {
        let page = "```console\n$ watch\none\n…\ntwo\n^C\nended\n```\n";
        let steps = blocks(page)[0].steps();
        assert_eq!(steps[0].interrupt, Some(2));
        assert_eq!(steps[0].prints.as_deref(), Some("one\n…\ntwo\nended\n"));
    }

    #[test]
    fn a_section_ends_at_the_next_heading() {
        assert!(section(PAGE, "## Looks").unwrap().contains("echo a"));
        assert!(!section(PAGE, "## Looks").unwrap().contains("fn main"));
        assert!(section(PAGE, "## Next").unwrap().contains("fn main"));
        assert_eq!(section(PAGE, "## Nowhere"), None);
    }
}
