//! Pages as a PDF file (ISO 32000-1), with the two fonts that every reader has. Uncompressed:
//! whoever doubts a report can read it with any tool.

use super::letters::letters;
use super::{BOLD, HEIGHT, MARGIN, PLAIN, SMALL, WIDTH, width};
use if_core::UnixMillis;
use pdf_writer::{Content, Date, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// What a file says of itself.
#[derive(Debug)]
pub struct Facts<'a> {
    pub title: &'a str,
    /// Stands below each page.
    pub footer: &'a str,
    /// The time of the newest thing in it: no clock is asked.
    pub at: UnixMillis,
    /// Tells it from others: made of what is in it.
    pub id: &'a str,
}

/// References: catalog, tree of pages, fonts, facts; then two for each page.
const CATALOG: i32 = 1;
const TREE: i32 = 2;
const FONTS: [(i32, Name<'static>, &[u8]); 2] =
    [(3, PLAIN, b"Helvetica"), (4, BOLD, b"Helvetica-Bold")];
const INFO: i32 = 5;
const FIRST_PAGE: i32 = 6;

/// The file.
pub(super) fn written(pages: Vec<Content>, facts: &Facts<'_>) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.set_file_id((facts.id.as_bytes().to_vec(), facts.id.as_bytes().to_vec()));
    let mut catalog = pdf.catalog(Ref::new(CATALOG));
    catalog.pages(Ref::new(TREE)).lang(TextStr("en"));
    catalog.viewer_preferences().display_doc_title(true);
    catalog.finish();
    let kids = (0..count).map(|at| Ref::new(FIRST_PAGE + 2 * at));
    pdf.pages(Ref::new(TREE)).kids(kids).count(count);
    for (font, _, name) in FONTS {
        let mut font = pdf.type1_font(Ref::new(font));
        font.base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (at, mut content) in (0..count).zip(pages) {
        footer(&mut content, facts.footer, at + 1, count);
        page(&mut pdf, Ref::new(FIRST_PAGE + 2 * at), content);
    }
    let mut info = pdf.document_info(Ref::new(INFO));
    info.title(TextStr(facts.title)).producer(TextStr("InfraFabric"));
    if let Some(date) = date(facts.at) {
        info.creation_date(date);
    }
    info.finish();
    pdf.finish()
}

fn page(pdf: &mut Pdf, id: Ref, content: Content) {
    let content_id = id.next();
    let mut page = pdf.page(id);
    page.parent(Ref::new(TREE)).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT));
    page.contents(content_id);
    let mut resources = page.resources();
    let mut fonts = resources.fonts();
    for (font, name, _) in FONTS {
        fonts.pair(name, Ref::new(font));
    }
    fonts.finish();
    resources.finish();
    page.finish();
    pdf.stream(content_id, &content.finish());
}

/// Letters at a place.
pub(super) fn text(
    page: &mut Content,
    font: Name<'_>,
    size: f32,
    (x, y): (f32, f32),
    letters: &[u8],
) {
    page.begin_text().set_font(font, size).next_line(x, y).show(Str(letters)).end_text();
}

fn footer(page: &mut Content, words: &str, number: i32, count: i32) {
    let y = MARGIN - 10.0;
    text(page, PLAIN, SMALL, (MARGIN, y), &letters(words));
    let number = letters(&format!("page {number} of {count}"));
    let x = WIDTH - MARGIN - width(&number, SMALL);
    text(page, PLAIN, SMALL, (x, y), &number);
}

/// The time in the words of the format.
fn date(at: UnixMillis) -> Option<Date> {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let small = |number: i8| u8::try_from(number).unwrap_or(0);
    let date = Date::new(u16::try_from(at.year()).ok()?)
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()));
    let date = date.minute(small(at.minute())).second(small(at.second()));
    Some(date.utc_offset_hour(0).utc_offset_minute(0))
}
