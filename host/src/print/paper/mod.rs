//! Text on pages: headings, paragraphs, tables that go on from page to page. Knows nothing of what
//! it prints, no clock and no chance: the same words are the same file, byte for byte.

mod file;
mod letters;

pub use file::Facts;
use letters::{letters, width, wrapped};
use pdf_writer::{Content, Name};

/// A4, lying on its side, in points: a table of what happened is wide.
const WIDTH: f32 = 842.0;
const HEIGHT: f32 = 595.0;
const MARGIN: f32 = 40.0;
/// Where the text of a page ends; the footer stands below.
const BOTTOM: f32 = MARGIN + 16.0;

/// Sizes of letters, and from one line to the next.
const TITLE: f32 = 18.0;
const HEADING: f32 = 12.0;
const TEXT: f32 = 9.0;
const SMALL: f32 = 7.5;
const LEADING: f32 = 1.35;

/// From a fact's name to the fact.
const FACT: f32 = 80.0;

/// Between two columns of a table.
const GAP: f32 = 8.0;

const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// A column of a table: its title, and its part of the width.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub title: &'static str,
    pub part: f32,
}

/// Pages that grow.
pub struct Paper {
    pages: Vec<Content>,
    /// Where the next line's letters stand on.
    y: f32,
}

impl Paper {
    /// A first page with this title.
    pub fn new(title: &str) -> Self {
        let mut paper = Self { pages: vec![Content::new()], y: HEIGHT - MARGIN };
        paper.line(BOLD, TITLE, &letters(title));
        paper.y -= TEXT;
        paper
    }

    /// A heading, with so many lines below it on the same page.
    pub fn heading(&mut self, text: &str, lines: u8) {
        self.room(HEADING * 3.0 + TEXT * LEADING * f32::from(lines));
        self.y -= HEADING * 0.8;
        self.line(BOLD, HEADING, &letters(text));
        self.y -= 2.0;
    }

    /// A paragraph, in lines.
    pub fn paragraph(&mut self, text: &str) {
        for line in wrapped(&letters(text), TEXT, WIDTH - 2.0 * MARGIN) {
            self.line(PLAIN, TEXT, &line);
        }
    }

    /// A name, and what stands behind it.
    pub fn fact(&mut self, name: &str, value: &str) {
        let x = MARGIN + FACT;
        for (at, line) in wrapped(&letters(value), TEXT, WIDTH - MARGIN - x).iter().enumerate() {
            self.line(BOLD, TEXT, &letters(if at == 0 { name } else { "" }));
            self.show(PLAIN, TEXT, x, line);
        }
    }

    /// Begins a table; `rows` are added to it one by one.
    pub fn table<'a>(&'a mut self, columns: &'a [Column]) -> Table<'a> {
        let parts: f32 = columns.iter().map(|column| column.part).sum();
        let mut x = MARGIN;
        let place = |column: &Column| {
            let share = (WIDTH - 2.0 * MARGIN) * column.part / parts;
            let at = x;
            x += share;
            Place { x: at, width: share - GAP }
        };
        let places = columns.iter().map(place).collect();
        let mut table = Table { paper: self, columns, places, rows: 0 };
        table.titles();
        table
    }

    /// The file.
    pub fn finish(self, facts: &Facts<'_>) -> Vec<u8> {
        file::written(self.pages, facts)
    }

    /// One line at the left margin.
    fn line(&mut self, font: Name<'_>, size: f32, letters: &[u8]) {
        self.room(size * LEADING);
        self.y -= size * LEADING;
        self.show(font, size, MARGIN, letters);
    }

    /// A new page, unless there is so much room on this one.
    fn room(&mut self, height: f32) -> bool {
        let full = self.y - height < BOTTOM;
        if full {
            self.pages.push(Content::new());
            self.y = HEIGHT - MARGIN;
        }
        full
    }

    fn show(&mut self, font: Name<'_>, size: f32, x: f32, letters: &[u8]) {
        let y = self.y;
        if let Some(page) = self.pages.last_mut() {
            file::text(page, font, size, (x, y), letters);
        }
    }

    /// A thin line below what was written last.
    fn rule(&mut self) {
        let y = self.y - 3.0;
        if let Some(page) = self.pages.last_mut() {
            page.set_line_width(0.4).move_to(MARGIN, y).line_to(WIDTH - MARGIN, y).stroke();
        }
    }
}

/// Where a column stands.
struct Place {
    x: f32,
    width: f32,
}

/// A table that grows; its titles stand on every page that it reaches.
pub struct Table<'a> {
    paper: &'a mut Paper,
    columns: &'a [Column],
    places: Vec<Place>,
    rows: u64,
}

impl Table<'_> {
    /// A row. It stays together where a page can hold it, and goes on where none can.
    pub fn row(&mut self, cells: &[&str]) {
        let lines: Vec<Vec<Vec<u8>>> = cells
            .iter()
            .zip(&self.places)
            .map(|(cell, place)| wrapped(&letters(cell), SMALL, place.width))
            .collect();
        let height = lines.iter().map(Vec::len).max().unwrap_or(0);
        let leading = SMALL * LEADING;
        let whole = height as f32 * leading;
        if whole <= HEIGHT - 2.0 * MARGIN - BOTTOM && self.paper.room(whole) {
            self.titles();
        }
        for at in 0..height {
            if self.paper.room(leading) {
                self.titles();
            }
            self.paper.y -= leading;
            for (cell, place) in lines.iter().zip(&self.places) {
                if let Some(line) = cell.get(at) {
                    self.paper.show(PLAIN, SMALL, place.x, line);
                }
            }
        }
        self.paper.y -= 2.0;
        self.rows += 1;
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn titles(&mut self) {
        self.paper.room(SMALL * LEADING * 3.0);
        self.paper.y -= SMALL * LEADING;
        for (column, place) in self.columns.iter().zip(&self.places) {
            self.paper.show(BOLD, SMALL, place.x, &letters(column.title));
        }
        self.paper.rule();
        self.paper.y -= 5.0;
    }
}

#[cfg(test)]
mod tests;
