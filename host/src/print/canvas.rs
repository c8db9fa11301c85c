//! What a stream can show: how wide it is, and whether colour is welcome. Colour never carries
//! meaning alone, and neither it nor alignment ever reaches a file or a program.

use std::io::IsTerminal;
use std::os::fd::AsFd;

/// Width of a terminal that does not say how wide it is, and of the smallest one we serve.
const WIDTH_DEFAULT: usize = 80;
const WIDTH_MIN: usize = 20;

/// A stream as a surface to write on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Columns of the terminal; `None` for a file or a program.
    pub width: Option<usize>,
    colour: bool,
}

/// What a piece of text is, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Heading,
    Error,
    Warning,
    Hint,
    Good,
}

impl Canvas {
    /// A file or a program: no colour, no width.
    #[cfg(test)]
    pub const PLAIN: Canvas = Canvas { width: None, colour: false };

    /// The canvas of a stream. `colour` is what the environment says of it.
    pub fn of(stream: &(impl IsTerminal + AsFd), colour: bool) -> Canvas {
        if !stream.is_terminal() {
            return Canvas { width: None, colour: false };
        }
        let columns = terminal_size::terminal_size_of(stream).map(|(width, _)| width.0.into());
        let width = columns.filter(|width| *width > 0).unwrap_or(WIDTH_DEFAULT).max(WIDTH_MIN);
        Canvas { width: Some(width), colour }
    }

    /// A terminal, for tests.
    #[cfg(test)]
    pub fn terminal(width: usize) -> Canvas {
        Canvas { width: Some(width), colour: false }
    }

    /// The text in this ink, if the stream shows colour.
    pub fn ink(self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        // ECMA-48 §8.3.117: the basic colours, which every theme can render.
        let code = match ink {
            Ink::Heading => "1",
            Ink::Error => "1;31",
            Ink::Warning => "33",
            Ink::Hint => "36",
            Ink::Good => "32",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_only_where_it_is_shown() {
        assert_eq!(Canvas::PLAIN.ink(Ink::Error, "x"), "x");
        let shown = Canvas { width: Some(80), colour: true };
        assert_eq!(shown.ink(Ink::Error, "x"), "\u{1b}[1;31mx\u{1b}[0m");
    }

    #[test]
    fn a_file_is_no_terminal_whatever_the_environment_says() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(Canvas::of(&file, true), Canvas::PLAIN);
    }
}
