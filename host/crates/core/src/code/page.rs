//! The page of a code, as `ifctl explain` prints it and `docs/reference/errors` holds it.
//!
//! Three sections in every page: how it looks (real output), why it comes, what to do. Lines to
//! type stand in `sh` blocks; the tests run them, so a page that gives none says why in words.

use super::Code;

impl Code {
    /// The code that `text` names: `IF_ERR_TIMEOUT`, or what a person remembers of it (`timeout`).
    pub fn parse(text: &str) -> Option<Code> {
        let name = text.trim().to_ascii_uppercase().replace('-', "_");
        let full = if name.starts_with("IF_ERR_") { name } else { format!("IF_ERR_{name}") };
        Code::ALL.iter().copied().find(|code| code.as_str() == full)
    }

    /// The whole page, in Markdown.
    pub fn page(self) -> String {
        format!(
            "# {self}\n\n{} Exit code {}.\n\n**In short.** {}\n\n{}",
            self.meaning(),
            self.exit() as u8,
            self.resolution(),
            self.text()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headings of every page, in this order.
    const SECTIONS: [&str; 3] = ["## How it looks", "## Why", "## What to do"];

    #[test]
    fn codes_are_found_however_they_are_written() {
        for text in ["IF_ERR_TIMEOUT", "if_err_timeout", "timeout", " TIMEOUT\n"] {
            assert_eq!(Code::parse(text), Some(Code::Timeout), "{text:?}");
        }
        assert_eq!(Code::parse("limit-memory"), Some(Code::LimitMemory));
        for text in ["", "IF_ERR_", "IF_ERR_TIMEOUTS"] {
            assert_eq!(Code::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_page_has_its_three_sections_and_no_other() {
        for code in Code::ALL {
            let page = code.page();
            let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
            assert_eq!(headings, SECTIONS, "{code}");
            assert!(page.ends_with('\n') && !page.ends_with("\n\n"), "{code}");
            assert_eq!(page.matches("```").count() % 2, 0, "{code}: an open block");
        }
    }
}
