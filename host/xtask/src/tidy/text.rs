//! What every text must have, and what none may: the opening `//!`, no notes to oneself, no tests
//! switched off, no machine's paths, sockets only where sockets belong.

use super::{Finding, files::Tree};

/// Texts in which words are looked for; data files may say anything.
const ENDINGS: &[&str] = &[".rs", ".md", ".toml", ".wit", ".sh", ".yaml", ".yml", "/run"];

/// Words that have no place here, taken apart so that this file passes its own rule.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "finish it or write an issue"),
    (concat!("FIX", "ME"), "mend it or write an issue"),
    (concat!("#[ig", "nore"), "a test that does not run proves nothing"),
    (concat!("unimple", "mented!("), "no stubs"),
    (concat!("Co-Autho", "red-By"), "the project speaks of itself alone"),
    (concat!("Generated w", "ith"), "the project speaks of itself alone"),
    (concat!("/wo", "rk/"), "a path of somebody's machine"),
    (concat!("/ro", "ot/."), "a path of somebody's machine"),
];

/// How a socket is named in source.
const SOCKETS: &[&str] = &[
    "std::net::Tcp",
    "std::net::Udp",
    "tokio::net",
    "TcpStream::",
    "TcpListener::",
    "UdpSocket::",
];

/// Who may name one: the broker, what tests and builds talk to, the device that hostile guests are
/// tried with, on the loopback, the two ends of the pair between house and worker, and the doors
/// that the wall must have shut.
const SOCKET_OWNERS: &[&str] = &[
    "host/crates/broker/",
    "host/crates/runtime/src/worker/",
    "host/crates/trial/src/device.rs",
    "host/crates/wall/src/tests/paths.rs",
    "tests/",
    "host/xtask/",
];

/// Everything this module looks for.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs") {
        if !text.starts_with("//!") {
            let advice = "open with `//!`: what it is, why it is so, what it refuses to do";
            findings.push(Finding::new(path, 1, advice));
        }
        if !SOCKET_OWNERS.iter().any(|owner| path.starts_with(owner)) {
            let advice = "sockets are the broker's: ask through the `Broker` port";
            findings.extend(containing(text, SOCKETS).map(|line| Finding::new(path, line, advice)));
        }
        if path.starts_with("tests/it/") {
            let advice = "no sleeping in tests: wait for what you wait for";
            findings
                .extend(containing(text, &["sleep("]).map(|line| Finding::new(path, line, advice)));
        }
    }
    let texts = tree.files.iter().filter(|(path, _)| ENDINGS.iter().any(|end| path.ends_with(end)));
    for (path, text) in texts {
        for (word, advice) in FORBIDDEN {
            findings.extend(
                containing(text, &[word])
                    .map(|line| Finding::new(path, line, format!("`{word}`: {advice}"))),
            );
        }
    }
    findings
}

/// Numbers of the lines that contain any of these.
fn containing(text: &str, words: &[&str]) -> impl Iterator<Item = usize> {
    let hits = |line: &str| words.iter().any(|word| line.contains(word));
    let lines = text.lines().enumerate().filter(|(_, line)| hits(line));
    lines.map(|(index, _)| index + 1).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_file_says_what_it_is() {
        assert_eq!(lines("host/src/a.rs", "use x;\n"), [1]);
        assert!(lines("host/src/a.rs", "//! A file.\n").is_empty());
        assert!(lines("docs/a.md", "# A page\n").is_empty());
    }

    #[test]
    fn forbidden_words_are_found_in_texts_and_not_in_data() {
        for (word, _) in FORBIDDEN {
            assert_eq!(lines("a.md", &format!("fine\nnot {word}\n")), [2], "{word}");
            assert!(lines("a.csv", word).is_empty());
        }
    }

    #[test]
    fn sockets_are_the_brokers() {
        for socket in SOCKETS {
            let text = format!("//! x\nuse {socket};\n");
            assert_eq!(lines("host/crates/runtime/src/a.rs", &text), [2], "{socket}");
            assert!(lines("host/crates/broker/src/a.rs", &text).is_empty());
            assert!(lines("tests/fakes/src/a.rs", &text).is_empty());
            assert_eq!(lines("host/crates/trial/src/line.rs", &text), [2]);
        }
        assert!(lines("host/crates/runtime/src/a.rs", "//! x\nuse std::net::IpAddr;\n").is_empty());
    }

    #[test]
    fn end_to_end_tests_do_not_sleep() {
        assert_eq!(lines("tests/it/a.rs", "//! x\nthread::sleep(x);\n"), [2]);
        assert!(lines("tests/fakes/a.rs", "//! x\ntokio::time::sleep(x);\n").is_empty());
    }
}
