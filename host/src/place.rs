//! Where in the command tree a line stands: which command its words reach, which of them are
//! arguments, and what the next word would be. Pure; completion, contexts and the rewriting of
//! `if …` all ask here, so that they cannot disagree.

use clap::{Arg, ArgAction, Command};

/// A line met with the command tree.
#[derive(Debug)]
pub struct Place<'a> {
    /// The deepest command that was reached.
    pub command: &'a Command,
    /// The words of its path.
    pub path: Vec<&'a str>,
    /// Index, in the words given, of the word behind the last of the path.
    pub behind_path: usize,
    /// Indices of the words that stand without a name, behind the path.
    pub positionals: Vec<usize>,
    /// The option whose value the next word is.
    pub awaits: Option<&'a Arg>,
    /// `--` was typed: no option follows.
    pub plain: bool,
    root: &'a Command,
}

impl<'a> Place<'a> {
    /// Follows `words` (without the program's name) from the root of the tree.
    pub fn of(root: &'a Command, words: &[String]) -> Place<'a> {
        let mut place = Place {
            command: root,
            path: Vec::new(),
            behind_path: 0,
            positionals: Vec::new(),
            awaits: None,
            plain: false,
            root,
        };
        for (index, word) in words.iter().enumerate() {
            place.step(index, word);
        }
        place
    }

    /// A whole command was named: no word of its path is missing.
    pub fn is_complete(&self) -> bool {
        !self.path.is_empty() && !self.command.has_subcommands()
    }

    /// The option of this name, of the command or of every command.
    pub fn option(&self, name: &str) -> Option<&'a Arg> {
        let of =
            |command: &'a Command| command.get_arguments().find(|arg| arg.get_long() == Some(name));
        of(self.command).or_else(|| of(self.root))
    }

    /// All options, the command's own first.
    pub fn options(&self) -> impl Iterator<Item = &'a Arg> {
        let own = self.command.get_arguments();
        let at_root = std::ptr::eq(self.command, self.root);
        let global = self.root.get_arguments().filter(move |arg| !at_root && arg.is_global_set());
        own.chain(global).filter(|arg| !arg.is_positional())
    }

    /// The argument that stands at this place among those without a name; the last one takes all
    /// that follow when it takes several.
    pub fn positional(&self, index: usize) -> Option<&'a Arg> {
        let all: Vec<&Arg> = self.command.get_positionals().collect();
        let last = all.last().filter(|arg| takes_several(arg)).copied();
        all.get(index).copied().or(last)
    }

    fn step(&mut self, index: usize, word: &str) {
        if self.awaits.take().is_some() {
            return;
        }
        if !self.plain && word == "--" {
            self.plain = true;
            return;
        }
        if !self.plain && is_option(word) {
            self.awaits = self.waiting(word);
            return;
        }
        let child = self.command.find_subcommand(word);
        match child.filter(|child| self.positionals.is_empty() && !child.is_hide_set()) {
            Some(child) => {
                self.command = child;
                self.path.push(child.get_name());
                self.behind_path = index + 1;
            }
            None => self.positionals.push(index),
        }
    }

    /// The option that `word` names, if its value is to be the next word.
    fn waiting(&self, word: &str) -> Option<&'a Arg> {
        let arg = match word.strip_prefix("--") {
            Some(name) => self.option(name)?,
            None => {
                let letter = word.chars().nth(1).filter(|_| word.chars().count() == 2)?;
                self.options().find(|arg| arg.get_short() == Some(letter))?
            }
        };
        (takes_value(arg) && !arg.is_require_equals_set()).then_some(arg)
    }
}

/// Whether an option takes a value at all.
pub fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

fn takes_several(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.max_values() > 1)
}

/// `--x` and `-x`, but not `-5` and not a lone `-`.
pub fn is_option(word: &str) -> bool {
    word.starts_with('-') && word.len() > 1 && word.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Command {
        let instance = || Arg::new("instance").required(true);
        let cut = Command::new("cut")
            .arg(instance())
            .arg(Arg::new("--input").long("input"))
            .arg(Arg::new("flag").long("flag").num_args(0..=1).require_equals(true));
        let call = Command::new("call")
            .arg(instance())
            .arg(Arg::new("name"))
            .arg(Arg::new("values").num_args(0..).action(ArgAction::Append));
        let vmix = Command::new("vmix").subcommand(cut).subcommand(call);
        let hidden = Command::new("__x").hide(true);
        let json = Arg::new("json").long("json").global(true).action(ArgAction::SetTrue);
        let why = Arg::new("why").long("why").short('w').global(true);
        Command::new("ifctl").arg(json).arg(why).subcommand(vmix).subcommand(hidden)
    }

    fn check(line: &str, path: &str, positionals: &[usize], awaits: Option<&str>) {
        let tree = tree();
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let place = Place::of(&tree, &words);
        assert_eq!(place.path.join(" "), path, "{line}");
        assert_eq!(place.positionals, positionals, "{line}");
        assert_eq!(place.awaits.and_then(Arg::get_long), awaits, "{line}");
    }

    #[test]
    fn words_are_told_apart() {
        check("vmix cut studio", "vmix cut", &[2], None);
        check("--json --why vmix vmix cut --input 1 studio", "vmix cut", &[7], None);
        check("vmix cut --flag studio", "vmix cut", &[3], None);
        check("vmix cut --input", "vmix cut", &[], Some("input"));
        check("vmix cut -w", "vmix cut", &[], Some("why"));
        check("vmix cut --input=1 -- --flag", "vmix cut", &[4], None);
        check("vmix cut -5", "vmix cut", &[2], None);
        check("vmix call s Fade cut", "vmix call", &[2, 3, 4], None);
        check("vmix nothing cut", "vmix", &[1, 2], None);
        check("__x", "", &[0], None);
        check("test -f x", "", &[0, 2], None);
    }

    #[test]
    fn a_complete_command_is_one_without_further_words() {
        let tree = tree();
        let complete = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            Place::of(&tree, &words).is_complete()
        };
        assert!(complete("vmix cut") && complete("vmix cut studio"));
        assert!(!complete("vmix") && !complete("vm") && !complete("vmix c"));
    }

    #[test]
    fn the_last_positional_may_take_all_that_follow() {
        let tree = tree();
        let place = Place::of(&tree, &["vmix".to_owned(), "call".to_owned()]);
        let name = |index| place.positional(index).map(|arg| arg.get_id().as_str());
        assert_eq!(
            (name(0), name(1), name(2), name(9)),
            (Some("instance"), Some("name"), Some("values"), Some("values"))
        );
        let place = Place::of(&tree, &["vmix".to_owned(), "cut".to_owned()]);
        assert!(place.positional(1).is_none());
    }
}
