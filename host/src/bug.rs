//! What is said when the program itself is wrong: that it is a bug, where it was noticed, and what
//! to report.
//!
//! Not what the code had in its hands. A panic's message may be put together from values: `unwrap`
//! prints the error it met, a cut in the middle of a letter prints the whole text. While a call
//! runs, a secret may be among them. So a message is shown only if it stands in the program as it
//! is.

use crate::print::Printer;
use if_core::{Code, Problem};
use std::panic::{Location, PanicHookInfo};

/// In place of a message that was put together from values.
const WITHHELD: &str = "what it held is not shown: it may be secret";

/// From here on a panic is told like every other problem, by this printer, and the program ends.
///
/// At once, and without unwinding: what an operation leaves open is closed as `unknown` by the next
/// command, as after any other sudden end.
#[allow(clippy::exit)] // there is no caller whom one could tell
pub fn told_by(printer: Printer) {
    std::panic::set_hook(Box::new(move |panic| {
        printer.problem(&problem(panic));
        std::process::exit(Code::Bug.exit() as i32);
    }));
}

fn problem(panic: &PanicHookInfo<'_>) -> Problem {
    let noticed = panic.location().map_or("a place unknown".to_owned(), place);
    let literal = panic.payload().downcast_ref::<&'static str>().copied();
    let version = env!("CARGO_PKG_VERSION");
    Problem::new(Code::Bug, format!("the program has a bug, noticed at {noticed}"))
        .because(literal.unwrap_or(WITHHELD))
        .hint(format!(
            "report it with this place, the version ({version}) and the line you typed; look the \
             line over for names of your own first"
        ))
}

fn place(at: &Location<'_>) -> String {
    format!("{}:{}:{}", public(at.file()), at.line(), at.column())
}

/// A source file without the folders of the machine that built it: those of this house are named
/// from its root, a library's from where cargo unpacks it.
fn public(file: &str) -> &str {
    let unpacked = file.split_once("/registry/src/").map(|(_, rest)| rest);
    unpacked.and_then(|rest| Some(rest.split_once('/')?.1)).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{UnwindSafe, catch_unwind, panic_any, set_hook, take_hook};
    use std::sync::Mutex;

    const CANARY: &str = "canäry-6e02d4-never-to-be-seen";

    /// There is one hook for the whole process.
    static HOOK: Mutex<()> = Mutex::new(());
    static SAID: Mutex<Option<Problem>> = Mutex::new(None);

    /// What is said of a panic.
    fn said(panics: impl FnOnce() + UnwindSafe) -> Problem {
        let _alone = HOOK.lock().unwrap();
        let (before, here) = (take_hook(), std::thread::current().id());
        set_hook(Box::new(move |panic| {
            if std::thread::current().id() == here {
                *SAID.lock().unwrap() = Some(problem(panic));
            }
        }));
        assert!(catch_unwind(panics).is_err(), "it did not panic");
        set_hook(before);
        SAID.lock().unwrap().take().unwrap()
    }

    #[test]
    #[allow(clippy::unnecessary_literal_unwrap)] // the panic is what is looked at
    fn words_that_stand_in_the_program_are_shown_with_their_place() {
        let problem = said(|| panic!("the stage is empty"));
        assert_eq!(problem.code, Code::Bug);
        assert!(problem.message.contains("noticed at host/src/bug.rs:"), "{problem:?}");
        assert_eq!(problem.because, ["the stage is empty"]);
        assert!(problem.hints[0].contains(env!("CARGO_PKG_VERSION")), "{problem:?}");
        let none: Option<u8> = None;
        let problem = said(move || assert_eq!(none.unwrap(), 0));
        assert_eq!(problem.because, ["called `Option::unwrap()` on a `None` value"]);
    }

    #[test]
    #[allow(clippy::unnecessary_literal_unwrap)] // the panics are what is looked at
    fn what_the_code_held_is_not_shown() {
        let panics: [(&str, fn()); 7] = [
            ("a message", || panic!("the secret is {CANARY}")),
            ("an error", || Err::<(), _>(CANARY.to_owned()).unwrap()),
            ("an error with words", || Err::<(), _>(CANARY).expect("a secret")),
            ("a comparison", || assert_eq!(CANARY, "")),
            ("a text cut in a letter", || drop(CANARY.to_owned().split_off(4))),
            ("a text cut otherwise", || drop(CANARY[..4].to_owned())),
            ("anything", || panic_any(CANARY.to_owned())),
        ];
        for (what, panics) in panics {
            let problem = said(panics);
            let all = format!("{problem:?}");
            assert!(!all.contains("canär") && !all.contains("6e02d4"), "{what}: {all}");
            assert!(problem.message.contains(".rs:"), "{what}: {all}");
        }
    }

    #[test]
    fn no_folder_of_the_builder_is_shown() {
        for (file, shown) in [
            ("host/src/bug.rs", "host/src/bug.rs"),
            (
                "/home/ann/.cargo/registry/src/crates-1/tokio-1.54.1/src/io.rs",
                "tokio-1.54.1/src/io.rs",
            ),
            (
                "/rustc/0123abcd/library/core/src/str/mod.rs",
                "/rustc/0123abcd/library/core/src/str/mod.rs",
            ),
        ] {
            assert_eq!(public(file), shown);
        }
    }
}
